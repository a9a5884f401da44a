"""What every processor does with a few rows: configuration, what it gives, and what it refuses."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

UTC = dt.UTC
STARTED = dt.datetime(2024, 3, 1, tzinfo=UTC)
LEAP = dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC)
ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "a name": pa.array(["ß", "b", None, "b"]),
        "d.t": pa.array([Decimal("1.10"), None, Decimal("3.30"), Decimal("-4.40")], pa.decimal128(10, 2)),
        "x": pa.array([1.5, math.nan, None, -0.5]),
        "when": pa.array(
            [dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC), None, dt.datetime(1969, 7, 20, tzinfo=UTC)]
            * 2,
            pa.timestamp("us", "UTC"),
        )[:4],
        "day": pa.array([dt.date(2024, 2, 29), None, dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
        "flag": pa.array([True, None, False, True]),
        "list": pa.array([["é", None], [], None, ["z"]]),
    }
)
OTHERS = pa.table(
    {"id": pa.array([2, 4, 4, 9], pa.int64()), "x": [0.1, 0.2, 0.3, 0.4], "Ω": ["p", "q", "r", "s"]}
)
TYPES = {
    "id": "bigint",
    "a name": "string",
    "d.t": "decimal(10,2)",
    "x": "double",
    "when": "timestamp",
    "day": "date",
    "flag": "boolean",
    "list": "array<string>",
}
CODE = """
def doubled(frame):
    return frame.withColumn("x", frame.x * 2)

output = doubled(inputs["rows"])
"""


@dataclass(frozen=True)
class Example:
    """A configuration, and what it makes of ``ROWS``: some columns of the output, in any order of rows."""

    config: Mapping[str, Any]
    gives: Mapping[str, Any]
    inputs: tuple[pa.Table, ...] = (ROWS,)
    changes: frozenset[str] = field(default=frozenset())
    """Columns whose values may differ from the input's in a row of the same id."""


def ids(*values: int) -> dict[str, Any]:
    return {"id": list(values)}


EXAMPLES: dict[str, list[Example]] = {
    "processor.aggregate": [
        Example(
            {
                "group_by": ["a name"],
                "aggregates": {
                    "n": {"function": "count"},
                    "s": {"function": "sum", "column": "d.t"},
                    "i": {"function": "sum", "column": "id"},
                    "top": {"function": "max", "column": "day"},
                    "m": {"function": "mean", "column": "id"},
                    "md": {"function": "median", "column": "id"},
                    "l": {"function": "list", "column": "id"},
                },
                "having": "n > 1",
            },
            {"a name": ["b"], "n": [2], "s": [Decimal("-4.40")], "i": [6], "m": [3.0], "md": [3.0]},
        ),
        Example({"group_by": ["FLAG"], "aggregates": {"n": "max(ID)"}}, {"n": [2, 3, 4]}),
        Example(
            {"aggregates": {"rows": "count(*)", "y": "max(`d.t`)"}}, {"rows": [4], "y": [Decimal("3.30")]}
        ),
    ],
    "processor.convert_types": [
        Example(
            {"columns": {"id": "string", "x": "decimal(12,3)", "day": "timestamp", "flag": "int"}},
            {"id": ["1", "2", "3", "4"], "flag": [1, None, 0, 1]},
            inputs=(ROWS.set_column(3, "x", pa.array([1.5, 2.0, None, -0.5])),),
            changes=frozenset({"id", "x", "day", "flag"}),
        ),
        Example(
            {
                "columns": {"a name": "int", "when": {"type": "string", "format": "dd.MM.yyyy HH:mm"}},
                "on_failure": "null",
            },
            {
                "id": [1, 2, 3, 4],
                "a name": [None] * 4,
                "when": ["29.02.2024 23:59", None, "20.07.1969 00:00", "29.02.2024 23:59"],
            },
            changes=frozenset({"a name", "when"}),
        ),
        Example({"columns": {"ID": "string"}}, {"ID": ["1", "2", "3", "4"]}),
    ],
    "processor.deduplicate": [
        Example({"keys": ["a name"], "keep": "last", "order_by": ["id"]}, ids(1, 3, 4)),
        Example({"keys": ["d.t", "a name"]}, ids(1, 2, 3, 4)),
        Example({}, ids(1, 2, 3, 4), inputs=(ROWS.drop_columns(["list"]),)),
    ],
    "processor.expect": [
        Example(
            {
                "expectations": [
                    {"check": "not_null", "column": "id"},
                    {"check": "unique", "columns": ["id", "a name"]},
                    {"check": "range", "column": "d.t", "min": -10, "max": 10},
                    {"check": "range", "column": "day", "min": "0001-01-01"},
                    {"check": "in_set", "column": "a name", "values": ["ß", "b"]},
                    {"check": "regex", "column": "a name", "pattern": "[a-zß]"},
                    {"check": "sql", "condition": "id > 0"},
                    {"check": "row_count", "max": 100},
                    {"check": "freshness", "column": "when", "max_age": "2 days", "severity": "warning"},
                ]
            },
            ids(1, 2, 3, 4),
        )
    ],
    "processor.fill_missing": [
        Example(
            {
                "values": {"a name": "?", "day": "2000-01-01", "flag": False},
                "computed": {"x": "mean", "d.t": "max"},
            },
            {
                "id": [1, 2, 3, 4],
                "a name": ["ß", "b", "?", "b"],
                "d.t": [Decimal("1.10"), Decimal("3.30"), Decimal("3.30"), Decimal("-4.40")],
                "x": [1.5, 0.5, 0.5, -0.5],
                "day": [dt.date(2024, 2, 29), dt.date(2000, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31)],
                "flag": [True, False, False, True],
            },
            changes=frozenset({"a name", "day", "flag", "x", "d.t"}),
        ),
        Example(
            {"by_type": {"number": 7}, "computed": {"x": "median"}, "within": ["a name"], "nan": False},
            {"id": [1, 2, 3, 4], "d.t": [Decimal("1.10"), Decimal(7), Decimal("3.30"), Decimal("-4.40")]},
            changes=frozenset({"x", "d.t"}),
        ),
    ],
    "processor.filter": [Example({"condition": "`d.t` > 0 and `a name` is not null"}, ids(1))],
    "processor.join": [
        Example(
            {"on": ["id"], "how": "left"},
            {"id": [1, 2, 3, 4, 4], "Ω": [None, "p", None, "q", "r"], "x_right": [None, 0.1, None, 0.2, 0.3]},
            inputs=(ROWS, OTHERS),
        ),
        Example(
            {"on": ["id"], "how": "full"},
            {"id": [1, 2, 3, 4, 4, 9], "Ω": [None, "p", None, "q", "r", "s"]},
            inputs=(ROWS, OTHERS),
            changes=frozenset(ROWS.column_names),
        ),
        Example({"condition": "left.id < right.id", "how": "anti"}, {"id": []}, inputs=(ROWS, OTHERS)),
    ],
    "processor.keep_fields": [Example({"fields": ["ID", "d.*", "a ?ame"]}, ids(1, 2, 3, 4))],
    "processor.pyspark": [
        Example(
            {"code": CODE, "columns": TYPES},
            {"id": [1, 2, 3, 4]},
            changes=frozenset({"x"}),
        )
    ],
    "processor.remove_fields": [Example({"fields": ["d.*", "list", "A NAME"]}, ids(1, 2, 3, 4))],
    "processor.rename_fields": [
        Example(
            {"rename": {"a name": "d.t", "d.t": "a name"}, "prefix": "p ", "apply_to": ["x"]},
            ids(1, 2, 3, 4),
            changes=frozenset({"a name", "d.t"}),
        ),
        Example({"rename": {"ID": "Id.", "A NAME": "`"}}, {"Id.": [1, 2, 3, 4]}),
    ],
    "processor.repartition": [
        Example({"partitions": 3, "columns": ["a name"]}, ids(1, 2, 3, 4)),
        Example({"partitions": 1, "coalesce": True}, ids(1, 2, 3, 4)),
    ],
    "processor.sample": [
        Example({"fraction": 0.5, "seed": 3, "keys": ["id"]}, ids(1, 3)),
        Example({"rows": 1, "seed": 3, "stratify": ["flag"]}, ids(2, 3, 4)),
        Example({"fractions": {"b": 1.0}, "stratify": ["a name"], "seed": 1}, ids(2, 4)),
    ],
    "processor.sort": [
        Example({"by": [{"column": "x", "direction": "desc", "nulls": "first"}, "id"]}, ids(1, 2, 3, 4)),
    ],
    "processor.split_rows": [
        Example(
            {"fractions": {"one": 0.5, "two": 0.5}, "keys": ["id"], "seed": 3},
            {"one": ids(1, 3), "two": ids(2, 4)},
        ),
        Example({"fractions": {"one": 0.5, "two": 0.5}, "stratify": ["a name"]}, {}),
    ],
    "processor.sql": [
        Example(
            {"query": "SELECT id, `d.t` * 2 AS twice FROM `rows` WHERE `a name` = 'b'"},
            ids(2, 4),
            changes=frozenset(),
        ),
    ],
    "processor.sql_expression": [
        Example(
            {"columns": {"new one": "id + 1", "x": "`new one` * 2.0D", "d.t": "concat(`a name`, 'é')"}},
            {
                "id": [1, 2, 3, 4],
                "new one": [2, 3, 4, 5],
                "x": [4.0, 6.0, 8.0, 10.0],
                "d.t": ["ßé", "bé", None, "bé"],
            },
            changes=frozenset({"x", "d.t"}),
        )
    ],
    "processor.union": [
        Example(
            {"missing": "null"},
            {"id": [1, 2, 2, 3, 4, 4, 4, 9], "Ω": [None, None, "p", None, None, "q", "r", "s"]},
            inputs=(ROWS, OTHERS),
            changes=frozenset(ROWS.column_names),
        ),
        Example(
            {"missing": "drop", "distinct": True}, {}, inputs=(ROWS, ROWS, OTHERS), changes=frozenset({"x"})
        ),
    ],
}
