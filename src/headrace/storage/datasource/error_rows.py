"""Rows that a reader refuses, noted while the good ones go on: a lane of their own, read only once.

Each attempt at a partition notes its own, in a file beside its count; only the attempts that count are shown,
so that a partition that was tried again shows its error rows once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import Frame, Schema
from headrace.storage.counting import Counter, Tally

from .source import frame_of
from .types import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

__all__ = ["ErrorRows"]


@dataclass(frozen=True)
class ErrorRows:
    """Where the readers of one frame note what they refuse; picklable.

    ``schema`` begins with ``_error_code``, ``_error_message`` and ``_error_column``; what follows says where
    the row came from, and its raw text.
    """

    counter: Counter
    schema: Schema

    def path(self, attempt: str) -> Path:
        """The file of one attempt; there is none before its first row."""
        return self.counter.folder / "bad" / f"{attempt}.jsonl"

    def noting(self, tally: Tally) -> Callable[[dict[str, Any]], None]:
        """Notes one row of an attempt after the other, by the names of the schema's columns."""
        path = self.path(tally.name)

        def note(row: dict[str, Any]) -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a", opener=_private) as file:
                file.write(json.dumps(row) + "\n")

        return note

    def frame(self, session: SparkSession) -> Frame:
        """What was noted, once the readers' own frame has been computed: compute this one afterwards."""
        return frame_of(session, _Noted(self))

    def count(self) -> ErrorRowCount:
        """Counts while the readers are at work."""
        return ErrorRowCount(self)


@dataclass
class ErrorRowCount:
    """How many rows have been refused so far; reads on where it stopped the last time."""

    rows: ErrorRows
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def value(self) -> int | None:
        """``None`` where the readers' own count is."""
        chosen = self.rows.counter.chosen()
        return sum(self._lines(name) for name, _ in chosen) if chosen else None

    def _lines(self, name: str) -> int:
        at, lines = self._seen.get(name, (0, 0))
        path = self.rows.path(name)
        if not path.exists():
            return 0
        with path.open("rb") as file:
            file.seek(at)
            while piece := file.read(1 << 20):
                at, lines = at + len(piece), lines + piece.count(b"\n")
        self._seen[name] = at, lines
        return lines


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@dataclass(frozen=True)
class _Noted:
    """Reads the files, all in one partition, when the engine computes and not before."""

    rows: ErrorRows
    partitions: tuple[int, ...] = (0,)

    @property
    def schema(self) -> Schema:
        return self.rows.schema

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """One batch of all."""
        import pyarrow as pa

        del partition
        paths = [self.rows.path(name) for name, _ in self.rows.counter.chosen()]
        rows = [json.loads(line) for path in paths if path.exists() for line in path.read_text().splitlines()]
        yield from pa.Table.from_pylist(rows, schema=arrow_schema(self.schema)).to_batches()
