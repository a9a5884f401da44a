"""Columns by name: quoting, patterns, types; what stages share when they speak to a frame."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from headrace.core import Column, ColumnType, Field, Issue, Json, Schema, Value, did_you_mean

if TYPE_CHECKING:
    from pyspark.sql import Column as FrameColumn

    from headrace.core import Frame

__all__ = [
    "Ordering",
    "as_orderings",
    "column",
    "functions_called",
    "identifiers",
    "literal",
    "matching",
    "quoted",
    "refusal",
    "repeated_names",
    "schema_of",
    "spare_names",
    "text",
    "unmatched",
    "widest",
]

NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")


class Ordering(Value):
    """One column to order by."""

    column: Column = Field(description="The column.", examples=["price"])
    direction: Literal["asc", "desc"] = Field("asc", description="`asc` (smallest first) or `desc`.")
    nulls: Literal["first", "last"] | None = Field(
        None, description="Where nulls go; Spark's rule if left out: first when ascending, else last."
    )

    def reversed(self) -> Ordering:
        """The other way round, nulls included."""
        direction: Literal["asc", "desc"] = "desc" if self.direction == "asc" else "asc"
        nulls: Literal["first", "last"] = "last" if self._nulls == "first" else "first"
        return Ordering(column=self.column, direction=direction, nulls=nulls)

    @property
    def _nulls(self) -> str:
        return self.nulls or ("first" if self.direction == "asc" else "last")

    def expression(self) -> FrameColumn:
        """What ``orderBy`` takes."""
        found: FrameColumn = getattr(column(self.column), f"{self.direction}_nulls_{self._nulls}")()
        return found


def as_orderings(value: Json) -> Json:
    """``[price, {column: id}]`` as orderings: a bare name is ascending."""
    items = [value] if isinstance(value, str | dict) else value
    if not isinstance(items, list | tuple):
        return value
    return [{"column": each} if isinstance(each, str) else each for each in items]


def quoted(name: str) -> str:
    """A column's name as SQL takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def text(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def literal(value: Json, kind: str) -> str:
    """A JSON value as SQL of the type ``kind``: written as text and cast, so that both engines agree."""
    if value is None:
        return f"CAST(NULL AS {kind})"
    shown = value if isinstance(value, str) else json.dumps(value) if _is_plain(value) else str(value)
    return f"CAST({text(shown)} AS {kind})"


def _is_plain(value: Json) -> bool:
    return isinstance(value, bool | int | float | list | dict)


def refusal(code: str, message: str) -> str:
    """SQL that ends the query with one of our errors; ``message`` is a SQL expression."""
    return f"raise_error(concat({text(f'[headrace:{code}] ')}, {message}))"


def column(name: str, of: str | None = None) -> FrameColumn:
    """The column of that very name, dots and all; ``of`` is the alias of a joined frame."""
    from pyspark.sql import functions as f

    return f.col(f"{of}.{quoted(name)}" if of else quoted(name))


def matching(patterns: Iterable[str], names: Sequence[str]) -> tuple[str, ...]:
    """The names that a pattern (``*``, ``?``; case does not matter) matches, in the order of ``names``."""
    found = [_regex(each) for each in patterns]
    return tuple(name for name in names if any(each.fullmatch(name) for each in found))


def unmatched(field: str, patterns: Sequence[str], names: Sequence[str]) -> Iterator[Issue]:
    """An issue for each plain name, not a pattern, that is no column."""
    for index, each in enumerate(patterns):
        if "*" not in each and "?" not in each and not matching([each], names):
            message = f"There is no column '{each}'."
            yield Issue("unknown-column", message, field=f"{field}.{index}", hint=did_you_mean(each, names))


def _regex(pattern: str) -> re.Pattern[str]:
    marks = {"*": ".*", "?": "."}
    return re.compile(
        "".join(marks.get(each, re.escape(each)) for each in pattern), re.IGNORECASE | re.DOTALL
    )


def repeated_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that two columns would share; case does not tell them apart."""
    names = tuple(names)
    spelled = {name.casefold(): name for name in names}
    return tuple(spelled[each] for each, count in Counter(map(str.casefold, names)).items() if count > 1)


def spare_names(count: int, stem: str) -> tuple[str, ...]:
    """Names for columns that exist within one stage only."""
    return tuple(f"__headrace_{stem}_{index}" for index in range(count))


def schema_of(frame: Frame) -> Schema:
    """The engine's schema of a frame as ours. Asks the engine."""
    return Schema(
        tuple(ColumnType(f.name, f.dataType.simpleString(), f.nullable) for f in frame.schema.fields)
    )


def widest(left: str, right: str) -> str | None:
    """The type that holds both (numbers widen, dates become timestamps), or ``None``."""
    if left == right or right in ("void", "null"):
        return left
    if left in ("void", "null"):
        return right
    if left in NUMBERS and right in NUMBERS:
        wide = max(left, right, key=NUMBERS.index)
        # A float cannot hold every int: together they are a double, as in Spark.
        return "double" if wide == "float" and {left, right} & {"int", "bigint"} else wide
    if {left, right} <= {"date", "timestamp", "timestamp_ntz"}:
        return "timestamp" if "timestamp" in (left, right) else "timestamp_ntz"
    return _widest_decimal(left, right)


def _widest_decimal(left: str, right: str) -> str | None:
    if "double" in (left, right) or "float" in (left, right):
        return "double" if "decimal" in left + right and _is_number(left) and _is_number(right) else None
    one, other = _decimal(left), _decimal(right)
    if one is None or other is None:
        return None
    scale = max(one[1], other[1])
    whole = max(one[0] - one[1], other[0] - other[1])
    return f"decimal({whole + scale},{scale})" if whole + scale <= 38 else None


def _is_number(kind: str) -> bool:
    return kind in NUMBERS or kind.startswith("decimal")


def _decimal(kind: str) -> tuple[int, int] | None:
    digits = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}
    if kind in digits:
        return digits[kind], 0
    match = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return (int(match.group(1)), int(match.group(2))) if match else None


def identifiers(sql: str) -> set[str]:
    """Every name that an expression mentions, functions and keywords included; text literals are left out."""
    bare = _without_text(sql)
    ticked = {each.replace("``", "`") for each in re.findall(r"`((?:[^`]|``)+)`", bare)}
    return ticked | set(re.findall(r"[^\W\d]\w*", re.sub(r"`(?:[^`]|``)+`", " ", bare)))


def functions_called(sql: str) -> set[str]:
    """The functions that an expression calls, in lower case."""
    return {each.lower() for each in re.findall(r"([^\W\d]\w*)\s*\(", _without_text(sql))}


def _without_text(sql: str) -> str:
    literals = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/"
    return re.sub(literals, " ", sql, flags=re.DOTALL)
