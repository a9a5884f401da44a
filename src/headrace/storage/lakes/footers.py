"""What a Parquet file's end says about its columns, for readers that skip files: smallest, largest, nulls.

Left out where the number could mislead: floating point (NaN has no place in an order that all readers share),
long text, decimals beyond what JSON numbers hold.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["statistics_of"]

COLUMNS = 32
"""As many columns as Delta's writers collect by default."""
LONGEST = 32
DIGITS = 15


def statistics_of(footer: pq.FileMetaData) -> dict[str, Any]:
    """``numRecords``, ``minValues``, ``maxValues`` and ``nullCount`` as Delta's log spells them."""
    smallest: dict[str, Any] = {}
    largest: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for index in range(min(footer.num_columns, COLUMNS)):
        column = footer.schema.column(index)
        if column.path != column.name:
            continue
        found = [footer.row_group(group).column(index) for group in range(footer.num_row_groups)]
        if any(each.statistics is None or not each.statistics.has_null_count for each in found):
            continue
        name = column.path
        nulls[name] = sum(each.statistics.null_count for each in found)
        bounds = _bounds([each.statistics for each in found])
        if bounds is not None:
            smallest[name], largest[name] = bounds
    return {
        "numRecords": footer.num_rows,
        "minValues": smallest,
        "maxValues": largest,
        "nullCount": nulls,
    }


def _bounds(found: list[Any]) -> tuple[Any, Any] | None:
    told = [each for each in found if each.num_values]
    if not told or not all(each.has_min_max for each in told):
        return None
    try:
        low, high = min(each.min for each in told), max(each.max for each in told)
    except (TypeError, ValueError, OverflowError):
        return None
    plain = _plain(low), _plain(high)
    return None if None in plain else plain


def _plain(value: Any) -> Any:
    """As JSON; ``None``: better not told."""
    if isinstance(value, bool | float | bytes):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return value if len(value) <= LONGEST else None
    if isinstance(value, Decimal):
        return float(value) if len(value.as_tuple().digits) <= DIGITS else None
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f") + ("Z" if value.tzinfo else "")
    return value.isoformat() if isinstance(value, dt.date) else None
