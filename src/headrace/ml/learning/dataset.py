"""From a frame to what a learner takes: one table in memory, features by kind, a target to be learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import DataRefused, did_you_mean
from headrace.frames.arrow import TooLarge, frame_to_arrow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from headrace.core import Frame

    from .metrics import Task

__all__ = ["Feature", "check_target", "collect", "features_of", "infer_task", "target_values", "to_pandas"]

Kind = Literal["number", "category", "boolean", "date", "timestamp"]
MEMORY_SHARE = 4
"""A learner copies its data a few times over, so the table may take this part of the free memory."""
CLASSES_LIMIT = 200
UNITS = {"KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


@dataclass(frozen=True, slots=True)
class Feature:
    """A column that the model sees; ``integer`` and ``missing`` decide its type in the signature."""

    name: str
    kind: Kind
    integer: bool = False
    missing: bool = False


def collect(frame: Frame, limit: str | None) -> pa.Table:
    """The whole frame in memory. Raises ``DataRefused`` (``too-much-data``) beyond ``limit``, as ``"2GB"``.

    Without a limit it is a quarter of the memory that is free now.
    """
    allowed = _bytes(limit) if limit else _free_memory() // MEMORY_SHARE
    try:
        return frame_to_arrow(frame, most_bytes=allowed or None)
    except TooLarge:
        raise DataRefused(
            "too-much-data",
            f"The training data takes more than the {_shown(allowed)} of memory that it may take.",
            hint="Train on all of it with 'library: spark_ml' on Spark, on a part of it with "
            "'processor.sample', or raise 'memory_limit'.",
        ) from None


def features_of(
    table: pa.Table, target: str, ignore: Sequence[str], wanted: Sequence[str]
) -> tuple[Feature, ...]:
    """Every column but the target and the ignored ones, or those that are wanted, with what they hold."""
    for name in (target, *wanted, *ignore):
        if name not in table.schema.names:
            raise DataRefused(
                "unknown-column",
                f"The training data has no column '{name}'.",
                hint=did_you_mean(name, table.schema.names),
            )
    names = wanted or [name for name in table.schema.names if name not in (target, *ignore)]
    if target in names:
        raise DataRefused("target-among-features", f"The target '{target}' cannot be one of the features.")
    if not names:
        raise DataRefused("no-features", f"There is no column to learn '{target}' from.")
    return tuple(_feature(name, table.column(name)) for name in names)


def _feature(name: str, column: pa.ChunkedArray) -> Feature:
    import pyarrow.types as t

    kind = column.type.value_type if t.is_dictionary(column.type) else column.type
    missing = column.null_count > 0
    if t.is_boolean(kind):
        return Feature(name, "boolean", missing=missing)
    if t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind) or t.is_null(kind):
        return Feature(name, "number", integer=t.is_integer(kind), missing=missing)
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return Feature(name, "category", missing=missing)
    if t.is_date(kind) or t.is_timestamp(kind):
        return Feature(name, "date" if t.is_date(kind) else "timestamp", missing=missing)
    raise DataRefused(
        "unusable-column",
        f"The column '{name}' is of type {kind}, which a model cannot learn from.",
        hint=f"Put it under 'ignore', or make numbers or text of it before: ignore: [{name}].",
    )


def to_pandas(table: pa.Table, features: Iterable[Feature]) -> pd.DataFrame:
    """The features as the preparation takes them: floats, text, booleans as objects, times in UTC."""
    import pandas as pd

    return pd.DataFrame({each.name: _series(table.column(each.name), each) for each in features}, copy=False)


def _series(column: pa.ChunkedArray, feature: Feature) -> Any:
    import pyarrow as pa

    if feature.kind == "number":
        return _floats(column)
    if feature.kind in ("date", "timestamp"):
        plain = column.cast(pa.date32()) if pa.types.is_date64(column.type) else column
        return (
            plain.cast(pa.timestamp("us", getattr(plain.type, "tz", None)))
            .cast(pa.timestamp("us"))
            .to_pandas()
        )
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.large_string())
    return column.to_pandas()


def _floats(column: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False).to_numpy()


def infer_task(table: pa.Table, target: str) -> Task:
    """Floats and decimals are regression, text and booleans classes, integers classes when there are two."""
    import pyarrow.types as t

    column = table.column(target)
    if t.is_floating(column.type) or t.is_decimal(column.type):
        return "regression"
    distinct = len(column.drop_null().unique())
    if t.is_integer(column.type):
        return "binary" if distinct == 2 else "regression"
    return "binary" if distinct <= 2 else "multiclass"


def target_values(table: pa.Table, target: str, task: Task) -> Any:
    """The target as a NumPy array: floats for regression; text, booleans or integers as classes."""
    import pyarrow as pa
    import pyarrow.types as t

    column = table.column(target)
    if task == "regression":
        return _floats(column)
    if t.is_boolean(column.type) or t.is_integer(column.type):
        return column.to_numpy()
    if t.is_floating(column.type) or t.is_decimal(column.type):
        return _floats(column).astype("int64")
    return column.cast(pa.large_string()).to_numpy()


def check_target(table: pa.Table, target: str, task: Task) -> None:
    """Raises ``DataRefused`` with what is wrong with the target and what to do about it."""
    if not table.num_rows:
        raise DataRefused(
            "no-rows", "There are no rows to train on.", hint="Preview the stage before this one."
        )
    column = table.column(target)
    _check_missing(column, target)
    if task == "regression":
        _check_number(column, target)
    else:
        _check_classes(column, target, task)


def _check_missing(column: pa.ChunkedArray, target: str) -> None:
    import pyarrow.compute as pc
    import pyarrow.types as t

    missing = column.null_count
    if t.is_floating(column.type):
        missing += int(pc.sum(pc.is_nan(column)).as_py() or 0)
    if missing:
        raise DataRefused(
            "target-missing",
            f"The target '{target}' is null or NaN in {missing} of {len(column)} rows.",
            hint=f'Leave those rows out with processor.filter: condition: "{target} is not null".',
        )


def _check_number(column: pa.ChunkedArray, target: str) -> None:
    import numpy as np
    import pyarrow.types as t

    kind = column.type
    if not (t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind)):
        raise DataRefused(
            "target-not-numeric",
            f"The target '{target}' is of type {kind}; regression needs numbers.",
            hint="Convert it with processor.convert_types, or set 'task: binary' or 'task: multiclass'.",
        )
    values = _floats(column)
    if not np.isfinite(values).all():
        raise DataRefused(
            "target-infinite",
            f"The target '{target}' is infinite in {int((~np.isfinite(values)).sum())} rows.",
            hint="Leave those rows out with processor.filter.",
        )
    if (values == values[0]).all():
        _constant(target, values[0])


def _check_classes(column: pa.ChunkedArray, target: str, task: str) -> None:
    import numpy as np
    import pyarrow.types as t

    if (t.is_floating(column.type) or t.is_decimal(column.type)) and (np.mod(_floats(column), 1) != 0).any():
        raise DataRefused(
            "target-not-classes",
            f"The target '{target}' has fractions, so its values are not classes.",
            hint="Set 'task: regression', or convert it.",
        )
    counts = Counter({each["values"]: each["counts"] for each in column.value_counts().to_pylist()})
    if len(counts) == 1:
        _constant(target, next(iter(counts)))
    if task == "binary" and len(counts) > 2:
        raise DataRefused(
            "too-many-classes",
            f"The target '{target}' has {len(counts)} classes; a binary task has two.",
            hint="Set 'task: multiclass'.",
        )
    if len(counts) > CLASSES_LIMIT:
        raise DataRefused(
            "too-many-classes",
            f"The target '{target}' has {len(counts)} classes; {CLASSES_LIMIT} are possible.",
        )
    rare = sorted(str(value) for value, count in counts.items() if count == 1)
    if rare:
        raise DataRefused(
            "class-with-one-row",
            f"The target '{target}' has a single row of " + ", ".join(f"'{each}'" for each in rare[:5]) + ".",
            hint="One row cannot be learned from and checked against: leave it out, or find more rows.",
        )


def _constant(target: str, value: object) -> None:
    raise DataRefused(
        "target-constant",
        f"The target '{target}' is {value!s:.80} in every row: there is nothing to learn.",
        hint="Check the stage that makes the target.",
    )


def _bytes(text: str) -> int:
    cleaned = text.strip().upper().removesuffix("IB").removesuffix("B")
    unit = next((size for name, size in UNITS.items() if cleaned.endswith(name[0])), 1)
    return int(float(cleaned.rstrip("KMGT ")) * unit)


def _shown(size: int) -> str:
    for unit, each in (("GB", 2**30), ("MB", 2**20)):
        if size >= each:
            return f"{size / each:.1f} {unit}"
    return f"{size / 2**10:.1f} KB"


def _free_memory() -> int:
    """Bytes that a process may still take; 0 where the system does not say."""
    import os

    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
