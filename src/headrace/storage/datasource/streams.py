"""Rows that can only be read from their beginning, one table after the other: a topic's, a cursor's.

Each stream is read once, in bounded memory. Inside the embedded engine it passes through several of its
partitions, since none of them may give more than a few batches (``pace``, ``relay``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import HeadraceError, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter

from .error_rows import ErrorRows
from .pace import BLOCKS, gated, paced
from .relay import relayed

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NoteRow", "Stream", "StreamSource"]

NoteRow = Callable[[dict[str, Any]], None]
"""Notes an error row, by the names of the columns of error rows; or raises."""


class Stream(Protocol):
    """One stream of rows. Frozen and picklable, credentials inside."""

    @property
    def key(self) -> str:
        """Its name among those of its source."""

    @property
    def blocks(self) -> int:
        """How many tables it will give, about."""

    def tables(self, note: NoteRow | None) -> Iterator[pa.Table]:
        """Tables with exactly the source's columns; error rows go to ``note``, without it they are raised."""


@dataclass(frozen=True)
class StreamSource:
    """Streams as a source for both engines: counted, error rows kept if wanted."""

    schema: Schema
    streams: tuple[Stream, ...]
    counter: Counter
    errors: Schema
    """The columns of error rows."""
    keep_error_rows: bool = False
    limit: int | None = None
    """How many rows a preview wants."""
    in_process: bool = True
    """Whether the engine reads within this very process: the embedded one."""
    stage: str | None = None

    @property
    def error_rows(self) -> ErrorRows:
        """Where error rows are noted."""
        return ErrorRows(self.counter, self.errors)

    @cached_property
    def partitions(self) -> tuple[tuple[int, int, int], ...]:
        """Stream, part, and number of parts."""
        if self.limit is not None or not self.streams:
            return ((0, 0, 1),)
        parts = [-(-each.blocks // BLOCKS) if self.in_process else 1 for each in self.streams]
        return tuple(
            (at, part, max(1, count)) for at, count in enumerate(parts) for part in range(max(1, count))
        )

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """The rows of one partition; errors leave as text that can be told apart."""
        try:
            with self.counter.tally(partition) as tally:
                note = self.error_rows.noting(tally) if self.keep_error_rows else None
                # By map, not by a loop: a loop's variable would keep a batch that the engine has let go.
                yield from map(tally.counted, self._batches(partition, note))
        except HeadraceError as error:
            error.where = error.where or self.stage
            raise CarriedError.of(error) from None

    def _batches(self, partition: int, note: NoteRow | None) -> Iterator[pa.RecordBatch]:
        if self.limit is not None:
            return self._first(self.limit, note)
        if not self.streams:
            return iter(())
        at, part, parts = self.partitions[partition]
        stream = self.streams[at]
        if not self.in_process:
            return (batch for table in stream.tables(note) for batch in table.to_batches())
        token = str(self.counter.folder)

        def begin() -> Iterator[pa.Table]:
            return gated(stream.tables(note), token, partition)

        tables = begin() if parts == 1 else relayed((token, stream.key), part, parts, begin, BLOCKS)
        return paced(tables, min(BLOCKS, stream.blocks))

    def _first(self, left: int, note: NoteRow | None) -> Iterator[pa.RecordBatch]:
        for stream in self.streams:
            for table in stream.tables(note):
                yield from table.slice(0, left).combine_chunks().to_batches()
                left -= table.num_rows
                if left <= 0:
                    return
