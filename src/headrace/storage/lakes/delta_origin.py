"""How an origin reads a Delta table: which versions, and rows or changes."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.core import Frame, Json, Run, Slice

from .delta_changes import changes_between, new_versions, read_versions
from .delta_reading import read_delta
from .delta_table import open_delta
from .lake import Look
from .places import Place

__all__ = ["DeltaReading"]


@dataclass(frozen=True)
class DeltaReading:
    """One table and the versions that are asked for."""

    place: Place
    version: int | None = None
    at: str | None = None
    since: int | None = None
    changes: bool = False
    rewrites: str = "stop"

    @classmethod
    def of(cls, place: Place, look: Look) -> DeltaReading:
        """What a stage asks for, at a place."""
        return cls(place, look.version, look.at, look.since, look.changes, look.rewrites)

    def frame(self, run: Run) -> Frame:
        """The rows, lazily; a slice of the run comes before what the stage says."""
        if run.slice is not None:
            return self._between(run.slice.items["after"], run.slice.items["to"], run)
        table = open_delta(self.place, self.version, self.at)
        if self.since is None and not self.changes:
            return read_delta(self.place, table, run)
        return self._between(self.since, table.version(), run)

    def _between(self, after: int | None, to: int, run: Run) -> Frame:
        if self.changes:
            return changes_between(self.place, after, to, run)
        return read_versions(self.place, after, to, run, skip_rewrites=self.rewrites == "skip")

    def next_slice(self, offset: Json) -> Slice:
        """The versions behind the offset's, and the offset once they are read."""
        return new_versions(self.place, offset)

    def latest(self) -> int:
        """The number of the version that is read last."""
        return int(open_delta(self.place, self.version, self.at).version())
