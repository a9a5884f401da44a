"""From a driver's Arrow batches to exactly the types that frames have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused

from .dialect import DbColumn

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["exact"]

FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970: what frames hold."""
MICROSECONDS = 86_400_000_000


def exact(batch: pa.RecordBatch, columns: Sequence[DbColumn], target: pa.Schema) -> pa.RecordBatch:
    """The batch with the types of ``target``, column by column. Raises ``DataRefused`` (``bad-value``)."""
    import pyarrow as pa

    arrays = [
        _exact(batch.column(at), column, field.type)
        for at, (column, field) in enumerate(zip(columns, target, strict=True))
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=target)


def _exact(array: Any, column: DbColumn, wanted: pa.DataType) -> Any:
    import pyarrow as pa
    import pyarrow.types as pt

    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    if pt.is_timestamp(storage.type) or pt.is_date(storage.type):
        _within_the_calendar(storage, column)
    if storage.type == wanted:
        return storage
    try:
        return storage.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataRefused(
            "bad-value",
            f"Column '{column.name}' has a value that is no {column.type}: {str(error).splitlines()[0]}",
            hint="Read it with a `query` that casts it.",
        ) from error


def _within_the_calendar(array: Any, column: DbColumn) -> None:
    """Refuses ``infinity`` and years that frames do not have."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    days = pt.is_date32(array.type)
    whole = (
        array.cast(pa.int32()).cast(pa.int64()) if days else array.cast(pa.timestamp("us")).cast(pa.int64())
    )
    found = pc.min_max(whole).as_py()
    scale = 1 if days else MICROSECONDS
    if found["min"] is None:
        return
    if found["min"] < FIRST_DAY * scale or found["max"] >= (LAST_DAY + 1) * scale:
        raise DataRefused(
            "bad-value",
            f"Column '{column.name}' has a moment outside the years 1 to 9999: infinity, perhaps.",
            hint="Leave such rows out with `filter`, or give them a value with `query`.",
        )
