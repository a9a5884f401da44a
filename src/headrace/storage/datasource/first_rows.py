"""Computes a frame whole, and keeps its first rows as a table for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import Frame, Run
from headrace.storage.counting import Counter

from .target import some_number, spread, write_frame

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["first_rows", "text_table"]

WIDEST = 40
"""Letters of one value, before it is cut."""


@dataclass(frozen=True)
class _First:
    """Counts every row; each partition keeps its first ones in a file of its own."""

    counter: Counter
    rows: int

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> None:
        import pyarrow as pa

        with self.counter.tally(some_number() if number is None else number) as tally:
            kept: list[pa.RecordBatch] = []
            for batch in batches:
                kept.append(batch.slice(0, max(self.rows - tally.rows, 0)))
                tally.add(batch.num_rows)
            if kept:
                path = str(self.counter.folder / f"{tally.name}.arrow")
                with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, kept[0].schema) as writer:
                    writer.write_table(pa.Table.from_batches(kept))

    def settle(self, results: list[None]) -> None:
        del results

    def give_up(self) -> None:
        self.counter.give_up()


def first_rows(frame: Frame, run: Run, rows: int) -> tuple[int | None, list[dict[str, Any]]]:
    """How many rows the frame has, and its first ones: in order where it is sorted, any elsewhere."""
    import pyarrow as pa

    first = _First(Counter.at(run.scratch / f"first-{os.urandom(4).hex()}"), rows)
    run.watch(first.counter.value, direction="in")
    write_frame(spread(frame, run.engine), first)
    kept: list[dict[str, Any]] = []
    for name, _ in first.counter.chosen():
        path = first.counter.folder / f"{name}.arrow"
        if path.exists() and len(kept) < rows:
            kept += pa.ipc.open_file(pa.OSFile(str(path))).read_all().to_pylist()
    return first.counter.value(), kept[:rows]


def text_table(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """Rows under their columns' names, cut where they are long; numbers to the right."""
    lines = [list(columns), *([_text(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    numbers = [all(isinstance(row[name], (int, float)) for row in rows) for name in columns]
    return "\n".join(
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in lines
    )


def _text(value: Any) -> str:
    text = "null" if value is None else " ".join(str(value).split())
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
