"""Frozen values: columns and their types, secrets, and what a run read and wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["ColumnType", "InputVersion", "Json", "Names", "Output", "Schema", "Secret", "Slice", "Value"]

Json = Any
"""A value that JSON can hold: dict, list, str, int, float, bool or None."""
Names = frozenset[str]
"""Column names, case-folded as Spark compares them."""


class Value(BaseModel):
    """A frozen, strict-keyed pydantic value: the base of every configuration we read."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One column; ``type`` is Spark's simple string, ``bigint`` or ``array<string>``."""

    name: str
    type: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a frame, in order."""

    columns: tuple[ColumnType, ...]

    @classmethod
    def of(cls, columns: Mapping[str, str] | Iterable[tuple[str, str]]) -> Schema:
        """``Schema.of({"price": "double"})``."""
        pairs = columns.items() if isinstance(columns, Mapping) else columns
        return cls(tuple(ColumnType(name, kind) for name, kind in pairs))

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    def __iter__(self) -> Iterator[ColumnType]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def get(self, name: str) -> ColumnType | None:
        """The column called ``name``, compared as Spark does: without regard to case."""
        wanted = name.casefold()
        return next((column for column in self.columns if column.name.casefold() == wanted), None)

    def ddl(self) -> str:
        """Backticked names and types, comma-separated: what Spark's ``schema()`` takes."""
        return ", ".join(f"`{c.name.replace('`', '``')}` {c.type}" for c in self.columns)

    def to_json(self) -> list[dict[str, Any]]:
        """A list of ``{name, type, nullable}``."""
        return [asdict(column) for column in self.columns]


class Secret:
    """A value that must not be seen: it prints as ``•••`` and only ``reveal()`` gives it away."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the call that needs it and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "•••"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.name, self._value) == (other.name, other._value)

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class InputVersion:
    """One object that a run read: where it is and which version it had."""

    location: str
    digest: str | None = None
    version: str | None = None
    size: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What a destination made visible."""

    stage: str
    kind: Literal["files", "table", "topic", "console", "none"]
    location: str | None = None
    format: str | None = None
    rows: int | None = None
    files: tuple[str, ...] = ()
    table: str | None = None
    digest: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for the run result."""
        return asdict(self) | {"files": list(self.files)}


@dataclass(frozen=True, slots=True)
class Slice:
    """What an origin with an offset reads in this batch, and the offset once it is done."""

    offset: Json
    items: Json = None
    inputs: tuple[InputVersion, ...] = field(default=())
    more: bool = False
    """Whether a limit left something for the next batch."""
    lag: Json = None
    """All that waits, beyond this batch too, by unit: ``{"files": 3, "bytes": 1200}``."""
