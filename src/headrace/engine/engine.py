"""What every engine can do for a run: hand out a session, count, keep, interrupt and stop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from headrace.frames.arrow import frame_to_arrow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import SparkSession

    from headrace.core import Frame

__all__ = ["Engine", "Spilled"]


class Spilled(NamedTuple):
    """A frame that has been computed once, and its rows where the engine told them on the way."""

    frame: Frame
    rows: int | None


class Engine(ABC):
    """One engine as one run uses it. A context manager; every method may be called from any thread."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def version(self) -> str:
        """The engine's own version."""

    @property
    @abstractmethod
    def session(self) -> SparkSession:
        """The run's session, made the active one of the calling thread."""

    @abstractmethod
    def counted(self, frame: Frame, label: str) -> Frame:
        """The same frame; its rows are counted under ``label`` whenever an action computes it."""

    @abstractmethod
    def counts(self) -> Mapping[str, int | None]:
        """Rows per label so far; ``None`` where the engine cannot say for certain."""

    @abstractmethod
    def settle(self) -> None:
        """Called after an action that succeeded: from now on its counts are final."""

    @abstractmethod
    def spill(self, frame: Frame, folder: Path) -> Spilled:
        """Computes ``frame`` now, once; the answer reads the result, kept in ``folder`` if need be."""

    def to_arrow(self, frame: Frame) -> pa.Table:
        """All rows of ``frame`` in this process."""
        return frame_to_arrow(frame)

    @abstractmethod
    def interrupt(self) -> None:
        """Ends what this engine's session is computing, from any thread; the action raises."""

    @abstractmethod
    def release(self) -> None:
        """Gives back what ``spill`` has kept, and forgets what was counted: the next batch begins."""

    @abstractmethod
    def close(self) -> None:
        """Stops the session; safe to repeat."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
