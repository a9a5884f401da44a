"""Training rows, holdout and folds of a frame that stays on Spark: the same rows as in memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from headrace.frames.arrow import frame_to_arrow
from headrace.frames.row_hash import hash_threshold, with_row_hash
from headrace.ml.learning.splits import check_parts, fold_numbers, split_by_time

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from pyspark.sql import Column

    from headrace.core import Frame, Json
    from headrace.ml.learning.splits import SplitPlan

    Array = np.ndarray[Any, Any]

__all__ = ["ADDED", "ORDER", "Division", "divide", "train_hashes", "with_keys"]

HASH = "_row_hash"
ORDER = "_order_hash"
TIME = "_row_time"
ADDED = (HASH, ORDER, TIME)
"""Columns that :func:`with_keys` adds; the holdout is without them."""
HASHES = 2**63


@dataclass(frozen=True, slots=True)
class Division:
    """The parts as frames; each fold is what to fit on and what to check against."""

    train: Frame
    holdout: Frame
    folds: tuple[tuple[Frame, Frame], ...]
    cut: Json = None
    """As in ``Parts``."""


def with_keys(frame: Frame, plan: SplitPlan) -> Frame:
    """With the hash that splits, the hash that orders, and the time in the numbers of a split by time."""
    from pyspark.sql import functions as f

    found = with_row_hash(frame, sorted(frame.columns), plan.seed, ORDER)
    if plan.by:
        found = with_row_hash(found, plan.by, plan.seed, HASH)
    else:
        found = found.withColumn(HASH, f.col(ORDER))
    return found if plan.time_column is None else found.withColumn(TIME, _time(frame, plan.time_column))


def _time(frame: Frame, name: str) -> Column:
    """Microseconds of dates and moments; numbers as they are."""
    from pyspark.sql import functions as f

    column = f.col("`" + name.replace("`", "``") + "`")
    kind = frame.schema[name].dataType.typeName()
    if kind == "date":
        return f.unix_date(column).cast("bigint") * 86_400_000_000
    if kind.startswith("timestamp"):
        return f.unix_micros(column.cast("timestamp"))
    return column


def divide(keyed: Frame, plan: SplitPlan, times: pa.Table, given: Frame | None) -> Division:
    """The parts of a frame :func:`with_keys`; ``times`` has its time column where the split goes by one."""
    if plan.time_column is not None:
        return _by_time(keyed, plan, times, given)
    start = hash_threshold(plan.fraction) if given is None else 0
    train = keyed.where(f"{HASH} >= {start}")
    width = (HASHES - start) // plan.folds + 1 if plan.folds else 0
    inside = [
        f"{HASH} >= {start + each * width} and {HASH} < {start + (each + 1) * width}"
        for each in range(plan.folds)
    ]
    folds = tuple((train.where(f"not ({each})"), train.where(each)) for each in inside)
    held = keyed.where(f"{HASH} < {start}").drop(*ADDED) if given is None else given
    return Division(train, held, folds)


def _by_time(keyed: Frame, plan: SplitPlan, times: pa.Table, given: Frame | None) -> Division:
    from pyspark.sql import functions as f

    found = split_by_time(times, plan, given=given is not None)
    time = f.col(TIME)
    later = time > found.cut if given is None else f.lit(False)
    train = keyed.where(~later)
    folds = tuple(
        (train.where(time <= end), train.where((time > end) & (time <= following)))
        for end, following in pairwise(found.ends)
    )
    held = keyed.where(later).drop(*ADDED) if given is None else given
    return Division(train, held, folds, found.cut)


def train_hashes(division: Division, plan: SplitPlan, rows: int | None) -> Array:
    """The training rows' hashes, sorted. ``rows``: how many were divided, if the holdout is of them.

    Raises ``DataRefused`` if a part has no rows (``empty-split``), or a fold by hash (``empty-fold``).
    """
    names = [ORDER, HASH] if plan.by else [ORDER]  # without keys they are alike
    found = frame_to_arrow(division.train.select(*names).orderBy(ORDER))
    ordered: Array = found.column(ORDER).to_numpy().astype("uint64")
    if rows is not None:
        check_parts(len(ordered), rows - len(ordered), plan)
    if plan.folds and plan.time_column is None:
        start = 0 if rows is None else hash_threshold(plan.fraction)
        fold_numbers(found.column(names[-1]).to_numpy().astype("uint64"), start, plan.folds)
    return ordered
