"""Show rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from headrace.core import Destination, Field, Frame, Json, LogWritten, Output, Run, Staged
from headrace.storage.datasource import first_rows, text_table


class Console(Destination):
    """Compute every row and show the first ones, in the terminal and in the run's log."""

    guarantee: ClassVar[Literal["exactly once", "at least once"]] = "at least once"
    means: ClassVar[str] = "what was shown cannot be taken back"

    rows: int = Field(default=20, ge=0, le=1000, description="How many are shown, of each batch.")

    def write(self, frame: Frame, run: Run) -> Staged:
        """Computes the frame once."""
        count, rows = first_rows(frame, run, self.rows)
        run.counted(rows_in=count)
        heading = f"{len(rows):,} of {count:,} rows" if count is not None else f"{len(rows):,} rows"
        return Shown(run, count, f"{heading}\n{text_table(frame.columns, rows)}")


class Shown(Staged):
    """A table that waits to be shown; after a crash nobody is there to see it."""

    def __init__(self, run: Run, rows: int | None, table: str) -> None:
        self._run = run
        self._rows = rows
        self._table = table

    def intent(self) -> dict[str, Json]:
        """The count: rows do not belong into a journal."""
        return {"rows": self._rows}

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> Self:
        """The count only."""
        return cls(run, intent["rows"], "")

    def publish(self) -> Output:
        """Shows the table."""
        if self._table:
            self._run.emit(LogWritten(level="output", message=self._table, stage=self._run.stage))
        return Output(self._run.stage, "console", rows=self._rows)

    def undo(self) -> None:
        """Nothing to take back."""
