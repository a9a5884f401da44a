"""A lake as people see it: layers with tables in them, whatever format keeps these."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Frame, InvalidCall, Json, Run, Slice, Staged, Value, did_you_mean
from headrace.storage.connections import LakeConnection
from headrace.storage.objects import ObjectStore, open_store

if TYPE_CHECKING:
    from .delta_writing import TableWriting

__all__ = ["Lake", "Look", "TableName"]

NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}"


@dataclass(frozen=True)
class TableName:
    """``lake.layer.table``."""

    lake: str
    layer: str
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Raises ``InvalidCall`` (``invalid-table-name``)."""
        parts = text.split(".")
        if len(parts) != 3 or not all(fullmatch(NAME, part) for part in parts):
            raise InvalidCall(
                "invalid-table-name",
                f"'{text}' does not name a table of a lake.",
                hint="Write lake.layer.table, with letters, digits, '_' and '-'.",
            )
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.lake}.{self.layer}.{self.table}"


@dataclass(frozen=True)
class Look:
    """What of a table an origin asks for."""

    read_mode: str = "all"
    version: int | None = None
    at: str | None = None
    since: int | None = None
    changes: bool = False
    rewrites: str = "stop"


class Lake(ABC):
    """One lake; opens nothing before it is asked. Answers are plain values, ready for JSON."""

    def __init__(
        self, name: str, connection: LakeConnection, connect: Callable[[str], Value], base: Path
    ) -> None:
        self.name = name
        self.connection = connection
        self.base = base
        self.credentials = connect(connection.store) if connection.store else None

    @property
    def store(self) -> ObjectStore:
        """Of the lake's location."""
        return open_store(self.connection.location, self.credentials, self.base)

    def location_of(self, name: TableName) -> str:
        """The folder of a table."""
        self.check(name)
        return f"{self.connection.location.rstrip('/')}/{name.layer}/{name.table}"

    def check(self, name: TableName) -> None:
        """Raises ``InvalidCall`` (``unknown-layer``)."""
        layers = self.connection.layers
        if layers and name.layer not in layers:
            raise InvalidCall(
                "unknown-layer",
                f"The lake '{self.name}' has no layer '{name.layer}'.",
                hint=did_you_mean(name.layer, layers),
            )

    def named(self, text: str) -> TableName:
        """``layer.table`` or ``lake.layer.table`` of this lake."""
        name = TableName.parse(text if text.count(".") == 2 else f"{self.name}.{text}")
        if name.lake != self.name:
            raise InvalidCall("invalid-table-name", f"'{text}' is not in the lake '{self.name}'.")
        self.check(name)
        return name

    def missing(self, name: TableName) -> DataRefused:
        """The error for a table that is not there, with what is near."""
        there = [str(each) for each in self.tables(name.layer)]
        return DataRefused(
            "table-missing", f"There is no table '{name}'.", hint=did_you_mean(str(name), there)
        )

    @abstractmethod
    def create(self) -> None:
        """Makes layout and catalog; what is there already stays."""

    @abstractmethod
    def tables(self, layer: str | None = None) -> list[TableName]:
        """Every table, or those of a layer, by name."""

    @abstractmethod
    def describe(self, name: TableName) -> dict[str, Json]:
        """Columns with types and comments, partitions, properties, rows, files, bytes, version."""

    @abstractmethod
    def history(self, name: TableName, limit: int) -> list[dict[str, Json]]:
        """Versions, the latest first: ``version``, ``at``, ``what``, ``batch``, ``rows``."""

    @abstractmethod
    def optimize(self, name: TableName, by: tuple[str, ...]) -> dict[str, Json]:
        """Small files into large ones, rows near each other in order of columns if given."""

    @abstractmethod
    def vacuum(self, name: TableName, hours: float | None, *, dry: bool) -> dict[str, Json]:
        """Removes what no version of the last hours needs; ``dry`` only tells."""

    @abstractmethod
    def clone(self, name: TableName, target: TableName) -> dict[str, Json]:
        """A table of its own with the same rows as now; not their history."""

    @abstractmethod
    def drop(self, name: TableName) -> None:
        """The table and its files, for good."""

    @abstractmethod
    def stage(self, writing: TableWriting, frame: Frame, run: Run, name: TableName) -> Staged:
        """Rows for the table, not visible yet."""

    @abstractmethod
    def read(self, look: Look, run: Run, name: TableName) -> Frame:
        """Rows of the table, lazily."""

    @abstractmethod
    def next_slice(self, look: Look, name: TableName, offset: Json, run: Run) -> Slice:
        """What has come since the offset."""

    @abstractmethod
    def latest(self, look: Look, name: TableName) -> str:
        """The version that is read last."""


def subfolders(store: ObjectStore, prefix: str) -> list[str]:
    """Names of the folders right below a prefix; hidden ones left out."""
    if store.is_local:
        try:
            names = [entry.name for entry in os.scandir(prefix) if entry.is_dir()]
        except FileNotFoundError:
            return []
    else:
        listing: Any = store
        names = [name.strip("/") for name in listing.entries(prefix.strip("/"))[0]]
    return sorted(name for name in names if fullmatch(NAME, name) and not name.startswith("_"))
