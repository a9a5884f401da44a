"""How fast a reader may go inside the embedded engine.

Sail (0.7.2) runs readers in this process and hands each batch to a queue of sixteen **while it holds the
GIL**. Once a queue is full, whatever behind it needs the GIL (a Python function, a writer, the client itself)
waits for the reader, and the reader for it: for ever. So on this engine no partition gives more batches than
its queue takes. That takes away the pressure that a full queue would put on a reader; a gate puts it back:
readers of one scan parse a few at a time, and wait while much of what they gave is still in memory.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BLOCKS", "gated", "paced"]

QUEUE = 16
BLOCKS = 10
"""Blocks of one partition as planned; what the plan could not foresee goes into ever larger batches."""
ROOM = 256 << 20
"""Bytes that readers may have given and the engine not yet let go."""
PATIENCE = 2.0
"""Seconds without progress after which the engine must be keeping rows (a sort, a join): room doubles."""


class Gate:
    """Lets the readers of one scan parse, as many at a time as there are cores, while there is room.

    The first partition that waits needs no room: an engine that takes partitions one after the other would
    otherwise wait for it, and it for what the later ones have given.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._free = _cores()
        self._before = _allocated()
        self._room = ROOM
        self._least = 0
        self._progress = time.monotonic()

    @contextmanager
    def passed(self, partition: int) -> Iterator[None]:
        """Waits for a turn, and gives it back."""
        with self._changed:
            self._waiting.add(partition)
            while not self._open(partition):
                self._changed.wait(0.002 if partition == min(self._waiting) else 0.05)
            self._waiting.discard(partition)
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _open(self, partition: int) -> bool:
        if self._free <= 0:
            return False
        held = _allocated() - self._before
        if held < self._least or held <= self._room:
            self._progress = time.monotonic()
        elif time.monotonic() - self._progress > PATIENCE:
            self._room *= 2
            self._progress = time.monotonic()
        self._least = held
        return held <= self._room or partition == min(self._waiting)


def _allocated() -> int:
    """What Arrow holds for this process; what the engine has let go is no part of it."""
    import pyarrow as pa

    return int(pa.total_allocated_bytes())


@cache
def _gates() -> WeakValueDictionary[str, Gate]:
    return WeakValueDictionary()


def gate_of(token: str) -> Gate:
    """The gate of a scan, the same for all of its partitions in this process."""
    gate = _gates().get(token) or Gate()
    return _gates().setdefault(token, gate)


def gated(tables: Iterator[pa.Table], token: str, partition: int) -> Iterator[pa.Table]:
    """The tables, each made when the gate of the scan called ``token`` lets it; none is kept here."""
    gate = gate_of(token)
    while True:
        with gate.passed(partition):
            made = _workers().submit(_first, tables).result()
        if not made:
            return
        yield made.pop()


@cache
def _workers() -> ThreadPoolExecutor:
    """The threads that parse: the engine has one per partition, and Arrow keeps memory for each thread."""
    return ThreadPoolExecutor(_cores(), thread_name_prefix="headrace-read")


def _first(tables: Iterator[pa.Table]) -> list[pa.Table]:
    return list(islice(tables, 1))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def paced(tables: Iterator[pa.Table], expected: int) -> Iterator[pa.RecordBatch]:
    """At most as many batches as the engine's queue takes; none is kept here once it is given.

    ``expected`` says how many tables there will be, about.
    """
    group = -(-expected // BLOCKS)
    given = 0
    while held := list(islice(tables, group if given < QUEUE - 2 else None)):
        yield _taken(held)
        given += 1
        group *= 2 if given > BLOCKS else 1


def _taken(tables: list[pa.Table]) -> pa.RecordBatch:
    """One batch of all, which leaves the list empty."""
    import pyarrow as pa

    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
    tables.clear()
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
