"""Computes a frame whole, for its effects and its count, and keeps nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.core import Frame, Run
from headrace.storage.counting import Counter

from .target import some_number, write_frame

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["discard_frame"]


@dataclass(frozen=True)
class _Nowhere:
    """A target that only counts."""

    counter: Counter

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> None:
        with self.counter.tally(some_number() if number is None else number) as tally:
            for batch in batches:
                tally.add(batch.num_rows)

    def settle(self, results: list[None]) -> None:
        del results

    def give_up(self) -> None:
        self.counter.give_up()


def discard_frame(frame: Frame, run: Run) -> int | None:
    """Every row and every column is computed once, where it is. Gives how many rows there were."""
    nowhere = _Nowhere(Counter.at(run.scratch / f"discard-{os.urandom(4).hex()}"))
    run.watch(nowhere.counter.value, direction="in")
    # Rows are spread by the engine, whatever their order: nobody sees it.
    count = len(os.sched_getaffinity(0))
    write_frame(frame.repartition(count) if run.engine == "embedded" else frame, nowhere)
    return nowhere.counter.value()
