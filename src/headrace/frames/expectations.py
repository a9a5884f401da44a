"""What data should be like, asked in one pass over it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, model_validator

from headrace.core import Column, Columns, Field, SqlExpression, Value

from .columns import column, quoted, spare_names, text

if TYPE_CHECKING:
    from headrace.core import Frame

__all__ = ["Checked", "Expectation", "check_all", "duration", "wrong_rows"]

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
SHORT = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week"}
NEEDS = {
    "not_null": ("columns",),
    "unique": ("columns",),
    "range": ("columns",),
    "in_set": ("columns", "values"),
    "regex": ("columns", "pattern"),
    "sql": ("condition",),
    "row_count": (),
    "freshness": ("columns", "max_age"),
}
OF_ROWS = ("not_null", "unique", "range", "in_set", "regex", "sql")


def duration(value: str) -> str:
    """``2 days``, ``36h``; raises ``ValueError`` for text that is no duration."""
    seconds(value)
    return value


def seconds(value: str) -> float:
    """A duration in seconds."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?\s*", value.lower()) or re.fullmatch(
        r"\s*(\d+(?:\.\d+)?)\s*(s)\s*", value.lower()
    )
    unit = SHORT.get(match.group(2), match.group(2)) if match else ""
    if match is None or unit not in UNITS:
        raise ValueError(f"'{value}' is no duration; write '30 minutes', '36 hours' or '2 days'")
    return float(match.group(1)) * UNITS[unit]


class Expectation(Value):
    """One thing that should be true of the rows, or of the table."""

    check: Literal["not_null", "unique", "range", "in_set", "regex", "sql", "row_count", "freshness"] = Field(
        description="What is looked at. `range`, `in_set`, `regex`, `unique` pass over nulls; `unique` "
        "takes the columns together; `freshness` wants the newest value younger than `max_age`.",
        examples=["not_null"],
    )
    columns: Columns = Field((), description="Which columns.", examples=[["id"]])
    column: Column | None = Field(None, description="The column, where it is one.", examples=["price"])
    min: float | str | None = Field(None, description="Smallest value, or number of rows, that is right.")
    max: float | str | None = Field(None, description="Largest value, or number of rows, that is right.")
    values: tuple[str | int | float | bool, ...] = Field(
        (), description="The values there may be.", examples=[["yes", "no"]]
    )
    pattern: str | None = Field(
        None, description="A regular expression that the whole text matches.", examples=["[A-Z]{2}\\d+"]
    )
    condition: SqlExpression | None = Field(
        None, description="Spark SQL that is true for every right row.", examples=["sold_at >= listed_at"]
    )
    max_age: Annotated[str, AfterValidator(duration)] | None = Field(
        None,
        description="How old the newest value may be when the run starts.",
        examples=["2 days", "36 hours"],
    )
    at_least: float = Field(1.0, gt=0, le=1, description="The part of the rows that has to be right.")
    severity: Literal["error", "warning"] = Field(
        "error", description="A `warning` is only reported, whatever the stage's action."
    )
    name: str | None = Field(
        None, description="What it is called in results; made from the rest if left out."
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Expectation:
        has = {"columns": self.on, "values": self.values, "pattern": self.pattern}
        has |= {"condition": self.condition, "max_age": self.max_age}
        for need in NEEDS[self.check]:
            if not has[need]:
                raise ValueError(f"{self.check} needs {need}")
        if self.check in ("range", "row_count") and self.min is None and self.max is None:
            raise ValueError(f"{self.check} needs min, max or both")
        if self.check == "row_count" and any(isinstance(each, str) for each in (self.min, self.max)):
            raise ValueError("row_count takes numbers")
        return self

    @property
    def on(self) -> tuple[str, ...]:
        """The columns it is about."""
        return (*self.columns, *((self.column,) if self.column else ()))

    @property
    def title(self) -> str:
        """``not_null(id, price)``, or its own name."""
        about = self.condition if self.check == "sql" else ", ".join(self.on)
        return self.name or (f"{self.check}({about})" if about else self.check)

    @property
    def of_rows(self) -> bool:
        """Whether single rows are to blame."""
        return self.check in OF_ROWS

    def wrong(self, spare: str) -> str:
        """SQL that is true for a wrong row; ``spare`` is the column with the number of a row's like."""
        if self.check == "unique":
            return f"{spare} > 1"
        if self.check == "sql":
            return f"NOT coalesce({self.condition}, false)"
        return " OR ".join(f"coalesce({self._wrong_value(quoted(name))}, false)" for name in self.on)

    def _wrong_value(self, value: str) -> str:
        if self.check == "not_null":
            return f"{value} IS NULL"
        if self.check == "in_set":
            return f"{value} NOT IN ({', '.join(map(_sql, self.values))})"
        if self.check == "regex":
            return f"NOT (CAST({value} AS string) RLIKE {text(f'^(?:{self.pattern})$')})"
        below = f"{value} < {_sql(self.min)}" if self.min is not None else "false"
        above = f"{value} > {_sql(self.max)}" if self.max is not None else "false"
        return f"({below} OR {above})"


def _sql(value: Any) -> str:
    """A literal of the value's own kind: text stays text and is compared as the engine compares it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"CAST('{value!r}' AS double)" if isinstance(value, float) else text(str(value))


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one expectation."""

    expectation: Expectation
    passed: bool
    failed_rows: int | None
    total_rows: int
    detail: str


def check_all(frame: Frame, expectations: Sequence[Expectation], now: dt.datetime) -> list[Checked]:
    """Every expectation, in one pass over the rows."""
    from pyspark.sql import functions as f

    wrongs = [f"wrong_{index}" for index in range(len(expectations))]
    marked, spare = _with_likes(frame, expectations)
    columns = [f.expr("count(*)").alias("total")]
    for name, count, each in zip(wrongs, spare, expectations, strict=True):
        if each.of_rows:
            columns.append(f.expr(f"count(CASE WHEN {each.wrong(count)} THEN 1 END)").alias(name))
        elif each.check == "freshness":
            newest = f"unix_micros(CAST(max({quoted(each.on[0])}) AS timestamp))"
            columns.append(f.expr(newest).alias(name))
    found = marked.agg(*columns).toArrow().to_pylist()[0]
    return [
        _judged(each, found["total"], found.get(name), now)
        for name, each in zip(wrongs, expectations, strict=True)
    ]


def wrong_rows(frame: Frame, expectations: Sequence[Expectation]) -> tuple[Frame, Frame]:
    """Right rows, and wrong ones with ``_error_code``, ``_error_message`` and ``_error_column``."""
    from pyspark.sql import functions as f

    marked, spare = _with_likes(frame, expectations)
    used = [name for name, each in zip(spare, expectations, strict=True) if each.check == "unique"]
    cases = [("false", Expectation(check="sql", condition="true"))] if not expectations else []
    cases += [(each.wrong(count), each) for count, each in zip(spare, expectations, strict=True)]
    wrong = f.expr(" OR ".join(f"({condition})" for condition, _ in cases))
    messages = " ".join(f"WHEN {condition} THEN {text(each.title)}" for condition, each in cases)
    columns = " ".join(f"WHEN {condition} THEN {text(', '.join(each.on))}" for condition, each in cases)
    bad = marked.where(wrong).withColumns(
        {
            "_error_code": f.lit("expectation-failed"),
            "_error_message": f.expr(f"CASE {messages} END"),
            "_error_column": f.expr(f"nullif(CASE {columns} END, '')"),
        }
    )
    return marked.where(~wrong).drop(*used), bad.drop(*used)


def _with_likes(frame: Frame, expectations: Sequence[Expectation]) -> tuple[Frame, Sequence[str]]:
    """For each ``unique`` a column that counts rows of the same values; a row with a null has no like."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    spare = spare_names(len(expectations), "likes")
    counts = {}
    for name, each in zip(spare, expectations, strict=True):
        if each.check == "unique":
            whole = f.expr(" AND ".join(f"{quoted(on)} IS NOT NULL" for on in each.on))
            counts[name] = f.count(f.when(whole, 1)).over(Window.partitionBy(*map(column, each.on)))
    return (frame.withColumns(counts) if counts else frame), spare


def _judged(each: Expectation, total: int, found: int | None, now: dt.datetime) -> Checked:
    if each.check == "row_count":
        passed = (each.min is None or total >= float(each.min)) and (
            each.max is None or total <= float(each.max)
        )
        return Checked(each, passed, None, total, f"{total} rows")
    if each.check == "freshness":
        if found is None:
            return Checked(each, False, None, total, "there is no value")
        newest = dt.datetime.fromtimestamp(found / 1_000_000, dt.UTC)
        age = (now - newest).total_seconds()
        detail = f"the newest value is of {newest.isoformat(timespec='seconds')}"
        return Checked(each, age <= seconds(each.max_age or ""), None, total, detail)
    failed = found or 0
    passed = failed == 0 or (total - failed) / total >= each.at_least
    detail = f"{failed} of {total} rows are wrong" if failed else "every row is right"
    return Checked(each, passed, failed, total, detail)
