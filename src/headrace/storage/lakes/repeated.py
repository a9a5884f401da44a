"""Keys that come twice in one batch: a merge would keep either row, or insert both.

Eight bytes a row are held: a digest of each row's keys. Only rows whose digests meet are then compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["refuse_repeated_keys"]

SHOWN = 200


def refuse_repeated_keys(
    batches: Callable[[], Iterator[pa.RecordBatch]], keys: Sequence[str], where: str
) -> None:
    """Raises ``DataRefused`` (``several-rows-for-one``); a key with a null in it is no other's equal.

    ``batches`` gives the rows anew each time it is called, the keys' columns among them.
    """
    import numpy as np
    import pyarrow as pa

    digests = [_digests(batch, keys)[0] for batch in batches()]
    if not digests:
        return
    ordered = np.sort(np.concatenate(digests))
    met = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(met):
        return
    counted: Counter[tuple[Any, ...]] = Counter()
    for batch in batches():
        found, rows = _digests(batch, keys)
        suspects = rows.filter(pa.array(np.isin(found, met)))
        counted.update(tuple(row[key] for key in keys) for row in suspects.to_pylist())
    key, times = counted.most_common(1)[0]
    if times > 1:
        told = ", ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True))[:SHOWN]
        raise DataRefused(
            "several-rows-for-one",
            f"{times} of the rows for '{where}' have the same keys ({told}): which is to stay?",
            hint="Put a processor.deduplicate by the same keys before it.",
        )


def _digests(batch: pa.RecordBatch, keys: Sequence[str]) -> tuple[np.ndarray, pa.Table]:
    """A digest for each row without a null in its keys, and those rows' keys."""
    import pandas as pd
    import pyarrow as pa

    rows = pa.Table.from_batches([batch]).select(list(keys)).drop_null()
    return pd.util.hash_pandas_object(rows.to_pandas(), index=False).to_numpy(), rows
