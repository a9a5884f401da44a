"""One stream of tables, handed from partition to partition.

A packed file, or a range of a topic, can only be read from its start. For the embedded engine, whose
partitions give few batches each (see ``pace``), it becomes several partitions all the same: each takes the
stream where the one before it stopped. They run in this process, and in their order at the latest.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["relayed"]


class _Relay:
    """Streams that wait for their next partition; a frame that runs twice at once has two of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[Iterator[pa.Table]]] = defaultdict(deque)

    def give(self, part: int, tables: Iterator[pa.Table]) -> None:
        with self._changed:
            self._waiting[part].append(tables)
            self._changed.notify_all()

    def take(self, part: int) -> Iterator[pa.Table]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting[part])
            return self._waiting[part].popleft()


@cache
def _relays() -> defaultdict[tuple[str, str], _Relay]:
    return defaultdict(_Relay)


def relayed(
    stream: tuple[str, str], part: int, parts: int, begin: Callable[[], Iterator[pa.Table]], share: int
) -> Iterator[pa.Table]:
    """``share`` tables of the stream that ``begin`` opens; the last part gives all that is left.

    A stream is known by its scan and its own name.

    Whatever happens to this part, the next one gets something to go on with, so that it never waits in vain.
    """
    relay = _relays()[stream]
    tables = begin() if part == 0 else relay.take(part)
    last = part + 1 == parts
    following: Iterator[pa.Table] = iter(())
    try:
        yield from tables if last else islice(tables, share)
        following = tables
    finally:
        if last:
            _relays().pop(stream, None)
        else:
            relay.give(part + 1, following)
