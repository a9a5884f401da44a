"""A run for one stage in a test: everything real but the runner around it."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import (
    Event,
    InputVersion,
    InvalidCall,
    OnError,
    Provenance,
    Purpose,
    Secret,
    Slice,
    TrackingSettings,
    Value,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import SparkSession

__all__ = ["StageRun"]


def _provenance() -> Provenance:
    return Provenance("test", "headrace: 1\n", "0" * 64, {}, None, {"name": "embedded"})


@dataclass
class StageRun:
    """What a verb sees. Give it a session and a folder; afterwards read what the stage said.

    >>> run = StageRun(session, tmp_path)
    >>> Filter(condition="price > 0").transform(frame, run)
    """

    session: SparkSession
    folder: Path
    engine: str = "embedded"
    project: str = "test"
    environment: str | None = None
    stage: str = "stage"
    id: str = "20260101-000000-test"
    batch: str = "0"
    purpose: Purpose = "run"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    on_error: OnError = "stop"
    slice: Slice | None = None
    reads_new: bool = False
    limit: int | None = None
    columns: tuple[str, ...] | None = None
    connections: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[InputVersion, ...] = ()
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    provenance: Provenance = field(default_factory=_provenance)
    started: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("headrace.test"))
    events: list[Event] = field(default_factory=list)
    counts: dict[str, int | None] = field(default_factory=dict)
    watches: list[tuple[str, Callable[[], int | None]]] = field(default_factory=list)

    @property
    def scratch(self) -> Path:
        """A folder below the test's own."""
        path = self.folder / ".scratch" / self.stage
        path.mkdir(parents=True, exist_ok=True)
        return path

    def connection(self, name: str) -> Value:
        """One of ``connections``."""
        if name not in self.connections:
            raise InvalidCall(
                "unknown-connection", f"No connection '{name}'.", hint=did_you_mean(name, self.connections)
            )
        return self.connections[name]

    def used(self, *inputs: InputVersion) -> None:
        """Remembered in ``inputs``."""
        self.inputs = (*self.inputs, *inputs)

    def counted(
        self, rows_in: int | None = None, rows_out: int | None = None, output: str | None = None
    ) -> None:
        """Remembered in ``counts`` as ``in``, ``out`` or ``out.<output>``."""
        if rows_in is not None:
            self.counts["in"] = rows_in
        if rows_out is not None:
            self.counts[f"out.{output}" if output else "out"] = rows_out

    def watch(self, count: Callable[[], int | None], *, direction: Literal["in", "out", "errors"]) -> None:
        """Remembered in ``watches``."""
        self.watches.append((direction, count))

    def mask(self, text: str) -> str:
        """``•••`` for every secret among ``parameters``."""
        for each in self.parameters.values():
            text = text.replace(each.reveal(), "•••") if isinstance(each, Secret) else text
        return text

    def emit(self, event: Event) -> None:
        """Remembered in ``events``."""
        self.events.append(event)

    def check_cancelled(self) -> None:
        """Never cancelled."""
