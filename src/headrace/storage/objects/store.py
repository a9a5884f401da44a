"""One face over places that hold objects: a local disk, a bucket."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .manifest import CONTROL, unfinished_keys
from .patterns import KeyPattern, expand_braces

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["ObjectInfo", "ObjectStore", "ObjectWriter"]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as a listing shows it. ``location`` is what a person would write."""

    key: str
    location: str
    size: int
    modified: dt.datetime
    etag: str | None = None
    version: str | None = None

    @property
    def mark(self) -> str:
        """Changes when the object does: version, else entity tag, else size and time."""
        return self.version or self.etag or f"{self.size}-{self.modified.timestamp():.6f}"


class ObjectStore(ABC):
    """Keys with ``/`` between their parts. Picklable: a worker opens its own connections.

    ``path`` is the key or pattern that the location named when the store was opened. Every method raises
    core's errors: ``DataRefused`` and ``InvalidCall`` for what trying again does not mend, ``Unavailable``
    for what it may.
    """

    path: str
    is_local: bool = False

    @abstractmethod
    def location(self, key: str) -> str:
        """The key as a person would write it: a path, or ``s3://bucket/key``."""

    @abstractmethod
    def key(self, location: str) -> str:
        """The key of a location in this store."""

    @abstractmethod
    def walk(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object below the folder ``prefix`` (or named by it), hidden ones included, in key order."""

    def names(self, folder: str) -> list[str]:
        """The last parts of the keys below a folder."""
        return [info.key.rpartition("/")[2] for info in self.walk(folder)]

    @abstractmethod
    def stat(self, key: str) -> ObjectInfo | None:
        """One object; ``None`` when there is none."""

    @abstractmethod
    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes from ``start`` to ``end`` (exclusive; ``None``: to the end)."""

    @abstractmethod
    def write(self, key: str, data: bytes, *, create_only: bool = False) -> None:
        """One object, whole; ``create_only`` raises ``FileExistsError`` where there is one, race-free."""

    @abstractmethod
    def writer(self, key: str) -> ObjectWriter:
        """An open, empty object; nothing is visible before it is closed."""

    @abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Removes objects; missing ones are no error."""

    @abstractmethod
    def move(self, source: str, target: str) -> None:
        """Renames where the place can, else copies on the server; ``source`` may remain. Safe to repeat."""

    @abstractmethod
    def prune(self, prefix: str) -> None:
        """Removes everything below a folder, and the folder."""

    def list(
        self, patterns: Iterable[str], *, exclude: Iterable[str] = (), since: str | None = None
    ) -> list[ObjectInfo]:
        """What the patterns mean, each object once, in key order; ``since`` skips keys up to that one.

        Files that are just being published, and those that a finished overwrite has yet to remove, are left
        out.
        """
        wanted = [KeyPattern(each) for text in patterns for each in expand_braces(text)]
        unwanted = [KeyPattern(each) for text in exclude for each in expand_braces(text)]
        found: dict[str, ObjectInfo] = {}
        folders: set[str] = set()
        for pattern in wanted:
            for info in self.walk(pattern.base):
                if CONTROL in info.key:
                    folders.add(info.key.partition(CONTROL)[0])
                if (since is None or info.key > since) and pattern.matches(info.key):
                    found[info.key] = info
            folders.add(
                pattern.base if pattern.base.endswith("/") or not pattern.base else f"{pattern.base}/"
            )
        # Looked for after the files: a file found above had its marker before.
        unfinished = unfinished_keys(self, folders) if found else frozenset()
        kept = (
            info
            for info in found.values()
            if info.key not in unfinished and not any(each.matches(info.key) for each in unwanted)
        )
        return sorted(kept, key=lambda info: info.key)


class ObjectWriter(ABC):
    """A file being written: takes bytes, tells its size, is visible once closed."""

    closed: bool = False
    size: int = 0

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Appends."""

    @abstractmethod
    def close(self) -> None:
        """Makes it visible."""

    @abstractmethod
    def abort(self) -> None:
        """Leaves nothing behind."""

    def flush(self) -> None:
        """Does nothing: what is written is handed on at once."""
        return

    def tell(self) -> int:
        """Bytes so far."""
        return self.size

    def writable(self) -> bool:
        """Always."""
        return True

    def readable(self) -> bool:
        """Never."""
        return False

    def seekable(self) -> bool:
        """Never."""
        return False
