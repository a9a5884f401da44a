"""Training rows, holdout and folds, by a stable hash of the row: the same on every engine, in every order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Json
from headrace.frames.row_hash import hash_threshold, row_hashes

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]

__all__ = [
    "Fold",
    "Moment",
    "Parts",
    "SplitPlan",
    "TimeSplit",
    "check_columns",
    "check_parts",
    "fold_numbers",
    "split",
    "split_by_time",
]

Moment = str | int | float
"""A date or a moment in words, or a number where the time column has numbers."""

Fold = tuple["Array", "Array"]
"""Positions of the rows to fit on and of those to check against."""


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How rows are divided. ``by`` names key columns whose rows stay together; empty: every row by itself."""

    fraction: float = 0.2
    seed: int = 42
    by: tuple[str, ...] = ()
    time_column: str | None = None
    after: Moment | None = None
    folds: int = 0

    def to_json(self, **more: Json) -> dict[str, Json]:
        """On record with the model."""
        return asdict(self) | {"by": list(self.by)} | more


@dataclass(frozen=True, slots=True)
class Parts:
    """Training rows sorted by hash, their hashes, folds as positions in them, and the holdout."""

    train: pa.Table
    holdout: pa.Table
    folds: tuple[Fold, ...]
    columns: tuple[str, ...]
    """What the hashes are over."""
    train_hashes: Array = field(repr=False)
    """``row_hashes(…) >> 1`` of each training row."""
    given: bool = False
    """The holdout came from elsewhere."""
    cut: Json = None
    """The last moment of the training rows, of a split by time."""

    @property
    def train_rows(self) -> int:
        """How many rows are trained on; ``train`` is empty where they are not in this process."""
        return len(self.train_hashes)


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """A split by time in the numbers of the time column: microseconds where it holds dates or moments."""

    times: Array = field(repr=False)
    held: Array = field(repr=False)
    """Which rows are in the holdout."""
    cut: Json = None
    """The last that is trained on; ``None``: the holdout came from elsewhere."""
    ends: tuple[Any, ...] = ()
    """Where folds end: each is checked on what follows one end up to the next."""


def split(table: pa.Table, plan: SplitPlan, given: pa.Table | None = None) -> Parts:
    """The parts of ``table``; with a ``given`` holdout from elsewhere all of ``table`` is training data.

    A row is in the holdout when its hash is below a threshold, never by its rank. With a time column the
    holdout is what comes after a moment, and folds go forward in time: each is checked against the rows
    that follow it.
    """
    import numpy as np

    columns = tuple(sorted(table.schema.names))
    full = row_hashes(table, columns, plan.seed)
    keys = row_hashes(table, plan.by, plan.seed) if plan.by else full
    forward = split_by_time(table, plan, given=given is not None) if plan.time_column else None
    if given is not None:
        held = np.zeros(len(full), bool)
    elif forward is not None:
        held = forward.held
    else:
        held = (keys >> np.uint64(1)) < np.uint64(hash_threshold(plan.fraction))
    order = np.argsort(full, kind="stable")
    train, rest = order[~held[order]], order[held[order]]
    holdout = table.take(rest) if given is None else _sorted(given, table, plan.seed)
    check_parts(len(train), holdout.num_rows, plan)
    start = 0 if given is not None or forward is not None else hash_threshold(plan.fraction)
    folds = (
        _forward_folds(forward.times[train], forward.ends)
        if forward is not None
        else _hash_folds(keys[train], start, plan.folds)
    )
    return Parts(
        table.take(train),
        holdout,
        folds,
        columns,
        full[train] >> np.uint64(1),
        given is not None,
        forward.cut if forward else None,
    )


def split_by_time(table: pa.Table, plan: SplitPlan, *, given: bool) -> TimeSplit:
    """Where time cuts; ``table`` needs the time column only."""
    import numpy as np

    assert plan.time_column is not None
    times = _times(table, plan.time_column)
    if given:
        return TimeSplit(times, np.zeros(len(times), bool), None, _ends(times, plan.folds))
    cut = _cut(times, plan, moments=not _is_number(table.column(plan.time_column).type))
    held = times > cut
    check_parts(int((~held).sum()), int(held.sum()), plan)
    return TimeSplit(times, held, cut.item(), _ends(times[~held], plan.folds))


def _sorted(given: pa.Table, like: pa.Table, seed: int) -> pa.Table:
    import numpy as np

    check_columns(like.schema.names, given.schema.names)
    return given.take(np.argsort(row_hashes(given, sorted(like.schema.names), seed), kind="stable"))


def check_columns(train: Sequence[str], holdout: Sequence[str]) -> None:
    """Raises ``DataRefused`` (``holdout-columns``) if a holdout from elsewhere lacks a column."""
    missing = [name for name in train if name not in holdout]
    if missing:
        raise DataRefused(
            "holdout-columns",
            f"The holdout has no column '{missing[0]}', which the training data has.",
            hint="Put the same stages before both inputs.",
        )


def check_parts(train: int, holdout: int, plan: SplitPlan) -> None:
    """Raises ``DataRefused`` (``empty-split``) if one part has no rows."""
    if not train or not holdout:
        raise DataRefused(
            "empty-split",
            f"The split gives {train} training rows and {holdout} holdout rows; both need some.",
            hint="Use more rows, or another 'holdout'."
            if plan.time_column is None
            else f"Check the values of '{plan.time_column}' and 'holdout_after'.",
        )


def _hash_folds(keys: Array, start: int, count: int) -> tuple[Fold, ...]:
    """Equal ranges of what the holdout left of the hash's range."""
    import numpy as np

    if not count:
        return ()
    number = fold_numbers(keys >> np.uint64(1), start, count)
    return tuple((np.flatnonzero(number != each), np.flatnonzero(number == each)) for each in range(count))


def fold_numbers(hashes: Array, start: int, count: int) -> Array:
    """Which fold each training row is checked in. Raises ``DataRefused`` (``empty-fold``)."""
    import numpy as np

    number = (hashes - np.uint64(start)) // np.uint64((2**63 - start) // count + 1)
    sizes = np.bincount(number.astype("int64"), minlength=count)
    if not sizes.all() or sizes.max() == len(number):
        raise _empty_fold(count)
    return number


def _ends(times: Array, count: int) -> tuple[Any, ...]:
    """Moments between which about as many rows lie. Raises ``DataRefused`` (``empty-fold``)."""
    import numpy as np

    if not count:
        return ()
    moments = np.sort(times)
    ends = [moments[(len(moments) * (each + 1)) // (count + 1) - 1] for each in range(count + 1)]
    between = np.diff([np.count_nonzero(times <= end) for end in ends])
    if not np.count_nonzero(times <= ends[0]) or not between.all():
        raise _empty_fold(count)
    return tuple(end.item() for end in ends)


def _forward_folds(times: Array, ends: tuple[Any, ...]) -> tuple[Fold, ...]:
    """Rows up to a moment, checked against the rows between it and the next."""
    import numpy as np

    return tuple(
        (np.flatnonzero(times <= end), np.flatnonzero((times > end) & (times <= following)))
        for end, following in pairwise(ends)
    )


def _empty_fold(count: int) -> DataRefused:
    return DataRefused(
        "empty-fold",
        f"There are too few rows for {count} folds: one of them is empty.",
        hint="Use fewer 'cv_folds', or more rows.",
    )


def _times(table: pa.Table, name: str) -> Array:
    """The column as int64 microseconds (dates, timestamps) or as its own numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name)
    missing = column.null_count
    if pa.types.is_floating(column.type):
        missing += int(pc.sum(pc.is_nan(column)).as_py() or 0)
    if missing:
        raise DataRefused("time-missing", f"The time column '{name}' is null or NaN in {missing} rows.")
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", getattr(column.type, "tz", None))).cast(pa.int64())
    elif not _is_number(column.type):
        raise DataRefused(
            "time-not-ordered",
            f"The time column '{name}' is of type {column.type}; a date, a timestamp or a number is needed.",
            hint="Convert it with processor.convert_types.",
        )
    values: Array = column.to_numpy()
    return values


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_integer(kind) or t.is_floating(kind))


def _cut(times: Array, plan: SplitPlan, *, moments: bool) -> Any:
    """The last that is trained on; ``2015`` is the beginning of a year among moments, a number elsewhere."""
    import numpy as np

    if plan.after is None:
        return np.sort(times)[max(0, int(len(times) * (1 - plan.fraction)) - 1)]
    try:
        if moments:
            return np.datetime64(str(plan.after), "us").astype("int64")
        return times.dtype.type(plan.after)
    except ValueError:
        what = "a date or a moment, as 2015-01-31 or 2015-01-31T18:00:00" if moments else "a number"
        raise DataRefused(
            "invalid-value",
            f"'holdout_after: {plan.after}' is not {what}.",
            hint=f"It is compared with '{plan.time_column}'.",
        ) from None
