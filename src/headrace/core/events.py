"""Facts about a run as they happen: frozen, numbered by whoever records them, JSON-ready."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .values import Json

__all__ = [
    "BatchFinished",
    "Event",
    "ExpectationChecked",
    "LogWritten",
    "ModelRegistered",
    "OutputPublished",
    "PromotionDecided",
    "RowsCounted",
    "RunFinished",
    "RunStarted",
    "StageFinished",
    "StageStarted",
    "Warned",
]


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have: when it happened, in UTC."""

    at: str = field(default_factory=_now)

    @property
    def name(self) -> str:
        """``stage_finished`` for ``StageFinished``."""
        text = type(self).__name__
        return "".join("_" + c.lower() if c.isupper() else c for c in text).lstrip("_")

    def to_json(self) -> dict[str, Any]:
        """The fields plus ``event``, the event's name."""
        return {"event": self.name, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run began."""

    run_id: str
    pipeline: str
    engine: str
    why_engine: str
    stages: tuple[tuple[str, str], ...]
    """Name and type, in the order of the plan."""
    parameters: dict[str, Json]
    mode: Literal["batch", "streaming"] = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted(Event):
    """A stage's verb began."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsCounted(Event):
    """Rows so far; ``None`` is not known, never a guess."""

    stage: str
    rows_in: int | None = None
    rows_out: int | None = None
    error_rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinished(Event):
    """A stage ended."""

    stage: str
    state: Literal["finished", "failed", "cancelled", "skipped"]
    rows_in: int | None = None
    rows_out: int | None = None
    error_rows: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPublished(Event):
    """What a destination wrote became visible."""

    stage: str
    output: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRegistered(Event):
    """A model version exists."""

    stage: str
    model: str | None
    version: int | None
    metrics: dict[str, Json]
    run_id: str
    """The tracking run, not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDecided(Event):
    """A gate was asked and answered."""

    stage: str
    model: str
    version: int
    decision: Literal["promoted", "kept"]
    when: str
    inputs: dict[str, Json]
    reason: str
    production: int | None
    """The version in production after the decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationChecked(Event):
    """Whether the data is as a stage expects; ``failed_rows`` is ``None`` where no row is to blame."""

    stage: str
    expectation: str
    passed: bool
    failed_rows: int | None
    total_rows: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWritten(Event):
    """A line for the run's log."""

    level: str
    message: str
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something the reader of the result should know."""

    code: str
    message: str
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFinished(Event):
    """A stream has published a batch; counts are by stage, of this batch and of all so far."""

    batch: str
    count: int
    """Batches that the run has published, this one included."""
    seconds: float
    stages: dict[str, dict[str, Json]]
    totals: dict[str, dict[str, Json]]
    outputs: tuple[dict[str, Json], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run ended."""

    run_id: str
    state: Literal["finished", "failed", "cancelled"]
    seconds: float
    error: dict[str, Json] | None = None
