"""What all stores across a network have in common: where they are, and what people call things there."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from headrace.core import InvalidCall
from headrace.storage.connections import NetworkConnection

from .failures import Words, local_failure
from .store import ObjectInfo, ObjectStore

__all__ = ["NetworkStore"]


class NetworkStore(ObjectStore):
    """Locations begin with ``scheme://bucket/`` (or host); keys are what follows."""

    schemes: ClassVar[tuple[str, ...]] = ()
    """What locations may begin with; the first is what we write."""
    words: ClassVar[Words] = Words()
    opened: ClassVar[tuple[str, ...]] = ()
    """What is opened where it is used, and does not travel to another process."""

    has_buckets: ClassVar[bool] = True

    def __init__(self, location: str, connection: NetworkConnection | None, base: Path) -> None:
        scheme, _, rest = location.partition("://")
        self.authority, _, self.path = rest.partition("/")
        self.bucket = self.authority
        self.root = f"{scheme}://{self.authority}/"
        self.connection = connection
        self.roots = _certificates(connection, base)
        if not self.bucket:
            raise InvalidCall(
                "bad-location",
                f"'{location}' names no {self.words.bucket}.",
                hint=f"Write {scheme}://{self.words.bucket}/key.",
            )

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in self.opened}

    @classmethod
    def at(cls, path: str) -> str:
        """The location of ``bucket/key``."""
        return f"{cls.schemes[0]}://{path}"

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """Where requests go, for a person."""

    @abstractmethod
    def entries(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """What is directly in a folder: the names of folders, with a slash behind them, and the objects."""

    def location(self, key: str) -> str:
        """``s3://bucket/key``."""
        return self.root + key

    def key(self, location: str) -> str:
        """The part after the bucket."""
        return location.partition("://")[2].partition("/")[2]


def _certificates(connection: NetworkConnection | None, base: Path) -> bytes | None:
    """The connection's own authorities, read where the project is: workers may be elsewhere."""
    if connection is None or connection.ca_file is None:
        return None
    path = base / connection.ca_file
    try:
        return path.read_bytes()
    except OSError as error:
        raise local_failure(error, str(path)) from error
