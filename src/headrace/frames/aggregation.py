"""Aggregates by name of a function: their SQL on either engine, and the type that comes out."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import model_validator

from headrace.core import Column, Field, Schema, Value

from .columns import quoted

__all__ = ["Aggregation", "aggregate_problem", "aggregate_sql", "aggregate_type"]

Function = Literal[
    "count", "count_distinct", "sum", "mean", "median", "min", "max", "stddev", "variance", "any_value",
    "list", "set", "all_true", "any_true",
]  # fmt: skip
SQL = {
    "count_distinct": "count(DISTINCT {})",
    "mean": "avg(CAST({} AS double))",
    "median": "median(CAST({} AS double))",
    "stddev": "stddev_samp(CAST({} AS double))",
    "variance": "var_samp(CAST({} AS double))",
    "list": "collect_list({})",
    "set": "collect_set({})",
    "all_true": "bool_and({})",
    "any_true": "bool_or({})",
}
TYPES = {
    "count": "bigint",
    "count_distinct": "bigint",
    "mean": "double",
    "median": "double",
    "stddev": "double",
    "variance": "double",
    "all_true": "boolean",
    "any_true": "boolean",
}
WHOLE = ("tinyint", "smallint", "int", "bigint")
OF_NUMBERS = ("mean", "median", "stddev", "variance")
OF_BOOLEANS = ("all_true", "any_true")


class Aggregation(Value):
    """One function over one column of a group."""

    function: Function = Field(
        description="What to compute. Nulls are left out; mean, median, stddev, variance are doubles.",
        examples=["mean"],
    )
    column: Column | None = Field(
        None, description="Over which column; `count` without one counts rows.", examples=["price"]
    )

    @model_validator(mode="after")
    def _has_column(self) -> Aggregation:
        if self.column is None and self.function != "count":
            raise ValueError(f"{self.function} needs a column")
        return self


def aggregate_problem(wanted: Aggregation, schema: Schema) -> str | None:
    """Why this function cannot be computed over its column; ``None``: it can."""
    found = schema.get(wanted.column or "")
    if found is None:
        return None
    number = found.type in (*WHOLE, "float", "double") or found.type.startswith("decimal")
    boolean = found.type == "boolean"
    fits = {
        "sum": number,
        **dict.fromkeys(OF_NUMBERS, number or boolean),
        **dict.fromkeys(OF_BOOLEANS, boolean),
    }
    if fits.get(wanted.function, True):
        return None
    return f"'{found.name}' is {found.type}, which has no {wanted.function}."


def aggregate_sql(wanted: Aggregation, schema: Schema, engine: str) -> str:
    """The SQL of an aggregate; a sum that does not fit its type is an error on either engine."""
    if wanted.column is None:
        return "count(*)"
    value = quoted(wanted.column)
    if wanted.function == "median" and _type_of(wanted, schema) in ("float", "double"):
        # NaN is the largest number in Spark's order, and the smallest in Sail's median.
        value = f"CASE WHEN isnan({value}) THEN double('Infinity') ELSE {value} END"
    if wanted.function == "sum" and engine == "embedded" and _type_of(wanted, schema) == "bigint":
        # Sail's sum of bigints wraps silently; a decimal has the digits, and its cast refuses too many.
        return f"CAST(sum(CAST({value} AS decimal(38,0))) AS bigint)"
    if wanted.function == "sum" and _type_of(wanted, schema).startswith("decimal"):
        return f"CAST(sum({value}) AS {aggregate_type(wanted, schema)})"
    return SQL.get(wanted.function, f"{wanted.function}({{}})").format(value)


def aggregate_type(wanted: Aggregation, schema: Schema) -> str:
    """The type that comes out."""
    if wanted.function in TYPES:
        return TYPES[wanted.function]
    kind = _type_of(wanted, schema)
    if wanted.function in ("list", "set"):
        return f"array<{kind}>"
    return _sum_type(kind) if wanted.function == "sum" else kind


def _type_of(wanted: Aggregation, schema: Schema) -> str:
    found = schema.get(wanted.column or "")
    return found.type if found else "string"


def _sum_type(kind: str) -> str:
    if kind in WHOLE:
        return "bigint"
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    if decimal:
        return f"decimal({min(38, int(decimal.group(1)) + 10)},{decimal.group(2)})"
    return "double"
