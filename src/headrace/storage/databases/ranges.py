"""Ranges of a key that are read side by side."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused

from .dialect import DbColumn, Dialect
from .names import quoted
from .session import Session

if TYPE_CHECKING:
    from .reading import Relation

__all__ = ["Ranges", "ranges_of"]

WORTH = 8
"""Batches from which a second connection pays."""
WHOLE = ("tinyint", "smallint", "int", "bigint")
MOMENTS = ("date", "timestamp", "timestamp_ntz")


@dataclass(frozen=True, slots=True)
class Ranges:
    """What is wanted: by which column, into how many, of about how many batches in all."""

    split_by: str | None
    partitions: int | None
    batches: int


def ranges_of(
    session: Session, dialect: Dialect, relation: Relation, where: Sequence[str], wanted: Ranges
) -> list[list[str]]:
    """Conditions that split a relation's rows into ranges of about the same width; ``[[]]``: one, of all.

    Without ``split_by`` a primary key of one whole number is taken, where the rows are many.
    """
    column = _key(session, dialect, relation, wanted)
    count = wanted.partitions or min(_cores(), 1 + wanted.batches // WORTH)
    if column is None or count < 2:
        return [[]]
    name = quoted(column.name)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    low, high = session.rows(f"SELECT MIN({name}), MAX({name}) FROM {relation.sql}{condition}")[0]
    if low is None or low == high:
        return [[]]
    low, high = (_value(each, column) for each in (low, high))
    cuts = [dialect.from_text(_text(each), column) for each in _cuts(low, high, count)]
    first = f"({name} < {cuts[0]} OR {name} IS NULL)"
    middle = [[f"{name} >= {a}", f"{name} < {b}"] for a, b in pairwise(cuts)]
    return [[first], *middle, [f"{name} >= {cuts[-1]}"]]


def _key(session: Session, dialect: Dialect, relation: Relation, wanted: Ranges) -> DbColumn | None:
    if wanted.split_by is not None:
        column = relation.column(wanted.split_by)
        if column.type not in (*WHOLE, *MOMENTS):
            raise DataRefused(
                "column-not-ordered",
                f"Column '{column.name}' is {column.type}; rows are split by whole numbers or moments.",
                hint="Name another column in `split_by`, or leave it out.",
            )
        return column
    if not relation.name or (wanted.batches < WORTH and wanted.partitions is None):
        return None
    from .names import TableName

    keys = [each for each in dialect.existing(session, TableName.parse(relation.name)) or () if each.key]
    return keys[0] if len(keys) == 1 and keys[0].type in WHOLE else None


def _cuts(low: Any, high: Any, count: int) -> list[Any]:
    """The inner edges; fewer where there are fewer values."""
    if isinstance(low, dt.date) and not isinstance(low, dt.datetime):
        days = (high - low).days
        return sorted({low + dt.timedelta(days=days * n // count) for n in range(1, count)} - {low}) or [high]
    if isinstance(low, dt.datetime):
        return [low + (high - low) * n / count for n in range(1, count)]
    span = int(high) - int(low)
    return sorted({int(low) + span * n // count for n in range(1, count)} - {int(low)}) or [high]


def _value(value: Any, column: DbColumn) -> Any:
    """Moments that a database has as texts."""
    if not isinstance(value, str):
        return value
    return (dt.date if column.type == "date" else dt.datetime).fromisoformat(value)


def _text(value: Any) -> str:
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
