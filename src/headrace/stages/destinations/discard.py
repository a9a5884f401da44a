"""Write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from headrace.core import Destination, Frame, Json, Output, Run, Staged
from headrace.storage.datasource import discard_frame


class Discard(Destination):
    """Compute every row and keep none: to count, to check, to measure."""

    def write(self, frame: Frame, run: Run) -> Staged:
        """Computes the frame once."""
        rows = discard_frame(frame, run)
        run.counted(rows_in=rows)
        return Nothing(run.stage, rows)


class Nothing(Staged):
    """There is nothing to publish or to undo."""

    def __init__(self, stage: str, rows: int | None) -> None:
        self._stage = stage
        self._rows = rows

    def intent(self) -> dict[str, Json]:
        """The count."""
        return {"rows": self._rows}

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> Self:
        """The same nothing."""
        return cls(run.stage, intent["rows"])

    def publish(self) -> Output:
        """Says how many rows there were."""
        return Output(self._stage, "none", rows=self._rows)

    def undo(self) -> None:
        """Nothing to take back."""
