"""Keeps a sort before a write, on the embedded engine.

It drops a sort that nothing behind it asks for. A ``limit`` keeps it (:func:`held`), but as a top-N heap that
holds every row in memory. An ``offset`` keeps the ordinary sort, which spills: so one row that sorts first is
added and skipped again (:func:`kept_order`). What is written and read again has lost its order, and gets it
back from its keys (:func:`without_order`).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headrace.core import Frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["held", "kept_order", "without_order"]

RANK = "__headrace_rank"
KEY = "__headrace_key_"
SPILLED_KEY = "__headrace_spilled_key_"
HELD = "_headrace_held"
"""An attribute of a plan: the sort that a limit above it holds."""
ALL = 2**63 - 1
KEEPING = ("Project", "WithColumns", "WithColumnsRenamed", "Drop", "Filter", "ToDF", "SubqueryAlias", "Hint")
"""Plan nodes that give their rows in the order they come."""


def held(ordered: Frame) -> Frame:
    """A frame that was sorted last, whose order whoever writes it keeps."""
    query = f"SELECT * FROM {{ordered}} LIMIT {ALL}"  # noqa: S608
    limited: Frame = ordered.sparkSession.sql(query, ordered=ordered)
    setattr(limited._plan, HELD, ordered._plan)
    return limited


def without_order(frame: Frame) -> tuple[Frame, Callable[[Frame], Frame]] | None:
    """The frame unsorted, and what sorts its rows again when they come back; ``None``: it is not sorted."""
    found = _last_sort(frame)
    if found is None:
        return None
    sort, above = found
    keys = [f"{SPILLED_KEY}{index}" for index in range(len(sort.columns))]
    orders = [_order(key, each._expr) for key, each in zip(keys, sort.columns, strict=True)]
    wide = _with_keys(sort, above, keys, frame.sparkSession)
    return wide, lambda again: held(again.orderBy(*orders)).drop(*keys)


def kept_order(frame: Frame, engine: str) -> Frame | None:
    """The frame with its last sort held fast, in one partition; ``None``: it is not sorted.

    What stands behind the sort moves before it, with the sort's keys carried along: some of it would spread
    the sorted rows over partitions again.
    """
    found = _last_sort(frame) if engine == "embedded" else None
    if found is None:
        return None
    sort, above = found
    keys = [f"{KEY}{index}" for index in range(len(sort.columns))]
    return _sorted_last(_with_keys(sort, above, keys, frame.sparkSession), sort, keys)


def _last_sort(frame: Frame) -> tuple[Any, list[Any]] | None:
    """The sort whose order the frame's rows have, and the plan nodes above it, the outermost first."""
    above: list[Any] = []
    node: Any = getattr(frame, "_plan", None)
    while type(node).__name__ in KEEPING:
        above.append(node)
        node = getattr(node, "_child", None)
    node = getattr(node, HELD, node)
    if type(node).__name__ != "Sort" or not getattr(node, "is_global", False):
        return None
    return node, above


def _with_keys(sort: Any, above: list[Any], keys: list[str], session: SparkSession) -> Frame:
    """Everything but the sort, the values it sorts by as columns of their own."""
    from pyspark.sql import functions as fn
    from pyspark.sql.connect.column import Column
    from pyspark.sql.connect.dataframe import DataFrame

    below = DataFrame(sort._child, session)
    values = (Column(each._expr._child).alias(key) for each, key in zip(sort.columns, keys, strict=True))
    plan = below.select("*", *values)._plan
    for node in reversed(above):
        again = copy.copy(node)
        again._child = plan
        if type(node).__name__ == "Project" and not any(map(_is_star, node._columns)):
            again._columns = [*node._columns, *map(fn.col, keys)]
        elif type(node).__name__ == "ToDF":
            again._cols = [*node._cols, *keys]
        plan = again
    wide: Frame = DataFrame(plan, session)
    return wide


def _is_star(column: Any) -> bool:
    return type(column._expr).__name__ == "UnresolvedStar"


def _sorted_last(wide: Frame, sort: Any, keys: list[str]) -> Frame:
    from pyspark.sql import functions as fn

    first = wide.sparkSession.range(1).select(
        *(fn.lit(None).cast(field.dataType).alias(field.name) for field in wide.schema),
        fn.lit(0).alias(RANK),
    )
    orders = [_order(key, each._expr) for key, each in zip(keys, sort.columns, strict=True)]
    ranked = wide.withColumn(RANK, fn.lit(1)).union(first)
    # The repartition keeps the planner from pushing the sort into the union, where it stumbles (Sail 0.7.2).
    spread = ranked.repartition(len(os.sched_getaffinity(0)))
    return spread.orderBy(fn.col(RANK), *orders).offset(1).drop(RANK, *keys)


def _order(key: str, order: Any) -> Any:
    from pyspark.sql import functions as fn

    column = fn.col(key)
    if order._ascending:
        return column.asc_nulls_first() if order._nullsFirst else column.asc_nulls_last()
    return column.desc_nulls_first() if order._nullsFirst else column.desc_nulls_last()
