"""Where a table lies: for our own object store, which moves the data, and for whatever keeps its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from headrace.core import InvalidCall, Value
from headrace.storage.objects import ObjectStore, open_store

from .options import storage_options

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Place", "place_of"]


@dataclass(frozen=True)
class Place:
    """The folder of one table. Picklable, credentials inside; it never becomes text."""

    location: str
    """As a person writes it."""
    store: ObjectStore
    uri: str
    options: Mapping[str, str]
    """What delta-rs is told beside the URI."""

    @property
    def folder(self) -> str:
        """The key prefix of the table's folder, with one trailing slash."""
        return self.store.path.rstrip("/") + "/"

    @property
    def control(self) -> str:
        """Where our own notes and staged rows are: a name that every reader of tables leaves alone."""
        return f"{self.folder}_headrace/"


def place_of(location: str, connection: Value | None, base: Path) -> Place:
    """The place of a table's folder. Raises ``InvalidCall`` (``bad-location``, ``wrong-connection`` …)."""
    store = open_store(location, connection, base)
    if location.startswith("hdfs://"):
        raise InvalidCall(
            "unknown-scheme",
            "Tables are not kept on HDFS.",
            hint="There are local paths, s3://, az://, abfss:// and gs://.",
        )
    path = store.path.rstrip("/")
    if any(letter in path for letter in "*?[]{}%"):
        raise InvalidCall(
            "bad-location",
            f"'{location}' cannot be the folder of a table.",
            hint="Its name has none of * ? [ ] { } and %.",
        )
    if store.is_local:
        return Place(location, store, f"file://{quote(path)}", {})
    return Place(location, store, store.location(path), storage_options(connection))
