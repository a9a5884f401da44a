"""How fast a reader may go inside the embedded engine.

Sail (0.7.2) runs readers in this process and hands each batch to a queue of sixteen **while it holds the
GIL**. Once a queue is full, whatever behind it needs the GIL (a Python function, a writer, the client itself)
waits for the reader, and the reader for it: for ever. So on this engine no partition gives more batches than
its queue takes, and readers hold back by themselves while much of what they gave is still in memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from .rows import Split

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BLOCKS", "blocks_of", "paced", "reading_pool"]

QUEUE = 16
BLOCKS = 10
"""Blocks of one partition as planned; what the plan could not foresee goes into ever larger batches."""
ROOM = 256 << 20
"""Bytes that readers may have given and the engine not yet let go."""
PATIENCE = 2.0
"""Seconds without progress after which the engine must be keeping rows (a sort, a join): room doubles."""


@cache
def reading_pool() -> pa.MemoryPool:
    """Where readers allocate: tells how much of what they gave is held. Lives as long as the process."""
    import pyarrow as pa

    return pa.proxy_memory_pool(pa.default_memory_pool())


def expected_blocks(splits: Iterable[Split]) -> int:
    """How many tables the splits will give, about; packed text is taken to be ten times as long."""
    return sum(-(-blocks_of(each) // each.parts) for each in splits)


def blocks_of(split: Split) -> int:
    """How many tables the whole of the split's bytes will give, about."""
    return max(1, -(-min(split.end - split.start, split.size) * split.growth // split.step))


def paced(tables: Iterable[pa.Table], splits: Iterable[Split]) -> Iterator[pa.RecordBatch]:
    """At most as many batches as the engine's queue takes, with pauses while too much is held."""
    group = -(-expected_blocks(splits) // BLOCKS)
    given = 0
    room = float(ROOM)
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if len(held) >= group and given < QUEUE - 2:
            yield _one(held)
            held = []
            given += 1
            room = _wait(room)
            group *= 2 if given > BLOCKS else 1
    if held:
        yield _one(held)


def _one(tables: list[pa.Table]) -> pa.RecordBatch:
    import pyarrow as pa

    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def _wait(room: float) -> float:
    """Waits until there is room; without any progress, doubles it."""
    pool = reading_pool()
    held = pool.bytes_allocated()
    last = time.monotonic()
    while held > room:
        time.sleep(0.002)
        now = pool.bytes_allocated()
        if now < held:
            last = time.monotonic()
        elif time.monotonic() - last > PATIENCE:
            return room * 2
        held = now
    return room
