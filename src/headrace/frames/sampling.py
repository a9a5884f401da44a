"""Choosing rows by their hash: the same rows on every engine, in whatever order they come.

Without strata a row's place is its hash alone, a fraction of 2⁶³: it stays where it is when other rows come
and go. With strata its place is its rank by hash among its like, so that every stratum is cut in the same
proportion; equal hashes share a rank, and so stay together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from .columns import column, spare_names
from .row_hash import hash_threshold, with_row_hash

if TYPE_CHECKING:
    from headrace.core import Frame

__all__ = ["first_rows", "sampled", "sampled_by_value", "split"]

HASH, PLACE, TIE = spare_names(3, "sample")


def sampled(
    frame: Frame, fraction: float, seed: int | str, keys: Sequence[str] = (), strata: Sequence[str] = ()
) -> Frame:
    """About ``fraction`` of the rows; of each stratum, if there are strata, that fraction rounded up."""
    return split(frame, {"taken": fraction}, seed, keys, strata)["taken"]


def split(
    frame: Frame,
    fractions: Mapping[str, float],
    seed: int | str,
    keys: Sequence[str] = (),
    strata: Sequence[str] = (),
) -> dict[str, Frame]:
    """Disjoint parts by name, one after the other along the hash. Rows with equal ``keys`` stay together."""
    from pyspark.sql import functions as f

    hashed = with_row_hash(frame, keys or None, seed, HASH)
    ends = [min(1.0, round(end, 12)) for end in accumulate(fractions.values())]
    if strata:
        place, placed = f.col(PLACE), _ranked(hashed, strata)
        bounds: list[float | int] = [0.0, *ends]
    else:
        place, placed = f.col(HASH), hashed
        bounds = [hash_threshold(end) for end in (0.0, *ends)]
    parts = {}
    for name, low, high in zip(fractions, bounds, bounds[1:], strict=False):
        inside = place >= f.lit(low)
        if high not in (1.0, 2**63):
            inside = inside & (place < f.lit(high))
        parts[name] = placed.where(inside).drop(HASH, PLACE)
    return parts


def _ranked(hashed: Frame, strata: Sequence[str]) -> Frame:
    """A place between 0 and 1 for each row: how much of its stratum has a smaller hash."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    like = Window.partitionBy(*map(column, strata))
    before = f.rank().over(like.orderBy(HASH)) - f.lit(1)
    total = f.count(f.lit(1)).over(like)
    return hashed.withColumn(PLACE, before.cast("double") / total.cast("double"))


def sampled_by_value(
    frame: Frame, fractions: Mapping[str, float], of: str, seed: int | str, keys: Sequence[str] = ()
) -> Frame:
    """For each value of the column ``of`` its own fraction; values that are not named are left out."""
    from pyspark.sql import functions as f

    hashed = with_row_hash(frame, keys or None, seed, HASH)
    value = column(of).cast("string")
    taken = f.expr("false")
    for name, fraction in fractions.items():
        inside = f.expr("true") if fraction == 1 else f.col(HASH) < f.lit(hash_threshold(fraction))
        taken = f.when(value == f.lit(name), inside).otherwise(taken)
    return hashed.where(taken).drop(HASH)


def first_rows(
    frame: Frame, rows: int, seed: int | str, keys: Sequence[str] = (), strata: Sequence[str] = ()
) -> Frame:
    """The ``rows`` rows of the smallest hashes, in all or of each stratum."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    hashed = with_row_hash(with_row_hash(frame, None, seed, TIE), keys or frame.columns, seed, HASH)
    if not strata:
        return hashed.orderBy(HASH, TIE).limit(rows).drop(HASH, TIE)
    window = Window.partitionBy(*map(column, strata)).orderBy(HASH, TIE)
    return (
        hashed.withColumn(PLACE, f.row_number().over(window))
        .where(f.col(PLACE) <= rows)
        .drop(HASH, TIE, PLACE)
    )
