"""Filling gaps by constants and by statistics that the engine computes along the way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, Issue, Json, Schema

from .columns import column, literal, quoted, schema_of, spare_names

if TYPE_CHECKING:
    from headrace.core import Frame

__all__ = ["Filling", "filled", "filling_problems"]

BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
WHOLE = (*BITS,)
BIGINT_DIGITS = 18
STATISTICS = {
    "mean": "avg({})",
    "median": "median({})",
    "mode": "mode({}, true)",
    "min": "min({})",
    "max": "max({})",
}


@dataclass(frozen=True, slots=True)
class Filling:
    """What goes where; see the fields of ``processor.fill_missing``."""

    values: Mapping[str, Json]
    by_type: Mapping[Any, Json]
    computed: Mapping[str, Any]
    within: Sequence[str] = ()
    nan: bool = True
    blank: bool = False

    def constants(self, schema: Schema) -> dict[str, tuple[ColumnType, Json]]:
        """Column → its type and constant, named ones before those by type."""
        named = {name.casefold(): value for name, value in self.values.items()}
        computed = {name.casefold() for name in self.computed}
        found = {}
        for each in schema:
            key = each.name.casefold()
            if key in named:
                found[each.name] = (each, named[key])
            elif key not in computed and family(each.type) in self.by_type:
                found[each.name] = (each, self.by_type[family(each.type)])
        return found


def family(kind: str) -> str:
    """``number`` for every type of number; other types by their own name."""
    if kind in (*WHOLE, "float", "double") or kind.startswith("decimal"):
        return "number"
    return "timestamp" if kind == "timestamp_ntz" else kind


def filling_problems(schema: Schema, filling: Filling) -> Iterator[Issue]:
    """Constants that are none of a column's type, statistics that a type does not have."""
    for name, (kind, value) in filling.constants(schema).items():
        if not _fits(value, kind.type):
            place = f"values.{name}" if name in filling.values else f"by_type.{family(kind.type)}"
            yield Issue("value-does-not-fit", f"{value!r} is no {kind.type}, which '{name}' is.", field=place)
    for name, statistic in filling.computed.items():
        found = schema.get(name)
        if found and statistic in ("mean", "median") and family(found.type) != "number":
            yield Issue(
                "value-does-not-fit",
                f"'{name}' is {found.type}, which has no {statistic}.",
                field=f"computed.{name}",
                hint="There is mode, min and max.",
            )


def _fits(value: Json, kind: str) -> bool:
    if family(kind) == "boolean":
        return isinstance(value, bool)
    if family(kind) == "number":
        return not isinstance(value, bool) and _is_number(value, kind)
    if family(kind) in ("date", "timestamp"):
        return isinstance(value, str) and _is_moment(value)
    return isinstance(value, str)


def _is_number(value: Json, kind: str) -> bool:
    try:
        number = float(value)
        if kind in WHOLE:
            return number.is_integer() and -(2 ** (BITS[kind] - 1)) <= int(number) < 2 ** (BITS[kind] - 1)
        if kind.startswith("decimal"):
            precision, _, scale = kind[len("decimal(") : -1].partition(",")
            return abs(number) < float(10 ** (int(precision) - int(scale)))
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _is_moment(value: str) -> bool:
    try:
        return bool(dt.datetime.fromisoformat(value.strip()))
    except ValueError:
        return False


def filled(frame: Frame, filling: Filling) -> Frame:
    """The frame with its gaps filled; statistics are part of the same lazy plan."""
    from pyspark.sql import functions as f

    schema = schema_of(frame)
    values = {
        name: f.expr(_where_missing(kind, literal(_written(value, kind.type), kind.type), filling))
        for name, (kind, value) in filling.constants(schema).items()
    }
    if not filling.computed:
        return frame.withColumns(values) if values else frame
    wanted = [(found, how) for name, how in filling.computed.items() if (found := schema.get(name))]
    names = spare_names(len(wanted), "statistic")
    columns = [
        f.expr(_statistic(kind, how, filling)).alias(name)
        for name, (kind, how) in zip(names, wanted, strict=True)
    ]
    for name, (kind, _) in zip(names, wanted, strict=True):
        values[kind.name] = f.expr(_where_missing(kind, name, filling))
    joined, spare = _with_statistics(frame, columns, filling.within)
    return joined.withColumns(values).drop(*names, *spare)


def _with_statistics(
    frame: Frame, columns: Sequence[object], within: Sequence[str]
) -> tuple[Frame, Sequence[str]]:
    """The frame with the statistics of its group beside each row, and the spare columns that this took."""
    if not within:
        return frame.crossJoin(frame.agg(*columns)), ()
    spare = spare_names(len(within), "group")
    groups = frame.groupBy(*(column(name).alias(key) for name, key in zip(within, spare, strict=True)))
    equal = [column(name).eqNullSafe(column(key)) for name, key in zip(within, spare, strict=True)]
    return frame.join(groups.agg(*columns), reduce(lambda a, b: a & b, equal), "left"), spare


def _written(value: Json, kind: str) -> Json:
    return int(float(value)) if kind in WHOLE and not isinstance(value, int) else value


def _where_missing(kind: ColumnType, value: str, filling: Filling) -> str:
    return f"CASE WHEN {_is_missing(kind, filling)} THEN {value} ELSE {quoted(kind.name)} END"


def _is_missing(kind: ColumnType, filling: Filling) -> str:
    name = quoted(kind.name)
    if filling.nan and kind.type in ("float", "double"):
        return f"({name} IS NULL OR isnan({name}))"
    if filling.blank and kind.type == "string":
        return f"({name} IS NULL OR trim({name}) = '')"
    return f"({name} IS NULL)"


def _statistic(kind: ColumnType, how: str, filling: Filling) -> str:
    present = f"CASE WHEN {_is_missing(kind, filling)} THEN NULL ELSE {quoted(kind.name)} END"
    if how in ("mean", "median"):
        value = STATISTICS[how].format(f"CAST({present} AS double)")
        return f"CAST({f'round({value})' if kind.type in WHOLE else value} AS {kind.type})"
    if how == "mode" and kind.type == "boolean":  # Sail has no mode of these and of decimals
        return f"CAST(mode(CAST({present} AS int), true) AS boolean)"
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind.type) if how == "mode" else None
    if decimal and int(decimal[1]) <= BIGINT_DIGITS:
        shift = f"CAST(1{'0' * int(decimal[2])} AS decimal(20,0))"
        return f"CAST(mode(CAST({present} * {shift} AS bigint), true) / {shift} AS {kind.type})"
    return STATISTICS[how].format(present)
