"""What a destination wants of a table: how rows go in, and what is made where it is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from headrace.core import DataRefused, Json, Schema, did_you_mean

from .names import TableName

__all__ = ["Mode", "Wanted"]

Mode = Literal["append", "overwrite", "upsert", "delete", "scd1", "scd2"]
BY_KEYS = ("upsert", "delete", "scd1", "scd2")


@dataclass(frozen=True)
class Wanted:
    """Everything about the table but the rows; JSON in the journal."""

    schema: str | None
    table: str
    mode: Mode
    columns: tuple[tuple[str, str], ...]
    """Names and Spark types of what comes in."""
    keys: tuple[str, ...] = ()
    latest_by: str | None = None
    create: bool = True
    add_columns: bool = False
    primary_key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    comment: str | None = None
    column_comments: Mapping[str, str] = field(default_factory=dict)
    column_types: Mapping[str, str] = field(default_factory=dict)
    valid_from: str = "valid_from"
    valid_to: str = "valid_to"
    current: str = "is_current"
    existed: bool = False
    """The table was there when the run began."""

    @property
    def name(self) -> TableName:
        """The table's name."""
        return TableName(self.table, self.schema)

    @classmethod
    def of(cls, table: str, columns: Sequence[tuple[str, str]], **given: Any) -> Wanted:
        """Keys are spelled as the columns that come in; a column of nothing but nulls is text."""
        name = TableName.parse(table)
        kinds = tuple((each, "string" if kind == "void" else kind) for each, kind in columns)
        spelled = {each.casefold(): each for each, _ in kinds}
        given["keys"] = tuple(spelled.get(each.casefold(), each) for each in given["keys"])
        latest = given["latest_by"]
        given["latest_by"] = latest and spelled.get(latest.casefold(), latest)
        return cls(name.schema, name.name, columns=kinds, **given)

    @property
    def by_keys(self) -> bool:
        """Whether rows find others by their keys."""
        return self.mode in BY_KEYS

    @property
    def incoming(self) -> Schema:
        """The columns that come in."""
        return Schema.of(self.columns)

    @property
    def history(self) -> tuple[tuple[str, str], ...]:
        """Columns that the destination fills itself."""
        if self.mode != "scd2":
            return ()
        return ((self.valid_from, "timestamp"), (self.valid_to, "timestamp"), (self.current, "boolean"))

    @property
    def identifying(self) -> tuple[str, ...]:
        """The primary key of a table that is made: as given, or from the keys."""
        if self.primary_key or not self.keys or self.mode == "delete":
            return self.primary_key
        return (*self.keys, self.valid_from) if self.mode == "scd2" else self.keys

    def check(self) -> None:
        """Raises ``DataRefused`` where the columns that come in cannot be written like this."""
        names = [name for name, _ in self.columns]
        if len({name.casefold() for name in names}) < len(names):
            raise DataRefused(
                "duplicate-column",
                "Two columns have the same name (upper and lower case do not count).",
                hint="Rename one with processor.rename_fields.",
            )
        taken = next((name for name, _ in self.history if self.incoming.get(name)), None)
        if taken:
            raise DataRefused(
                "duplicate-column",
                f"Column '{taken}' comes in, and the destination fills one of that name itself.",
                hint="Rename it, or choose other names with `valid_from`, `valid_to` and `current`.",
            )
        named = [name for each in (self.primary_key, *self.indexes) for name in each]
        known = [*names, *(name for name, _ in self.history)]
        unknown = next(
            (name for name in (*named, *self.column_types, *self.column_comments) if name not in known), None
        )
        if unknown:
            raise DataRefused(
                "unknown-column", f"No column '{unknown}' comes in.", hint=did_you_mean(unknown, known)
            )

    def to_json(self) -> dict[str, Json]:
        """For the journal."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Wanted:
        """From the journal."""
        lists = {name: tuple(plain[name]) for name in ("keys", "primary_key")}
        nested = {name: tuple(map(tuple, plain[name])) for name in ("columns", "indexes")}
        return cls(**{**plain, **lists, **nested})
