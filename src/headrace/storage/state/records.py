"""What the database hands out: frozen values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from headrace.core import Json

__all__ = [
    "Attempt",
    "CancelRequest",
    "Decision",
    "EndState",
    "EventRecord",
    "Offset",
    "OffsetChange",
    "Promotion",
    "PromotionKind",
    "Publish",
    "PublishEntry",
    "PublishStatus",
    "RunRecord",
    "RunState",
]

EndState = Literal["finished", "failed", "cancelled"]
RunState = Literal["running", "finished", "failed", "cancelled"]
PublishStatus = Literal["intended", "published", "done", "undone"]
PromotionKind = Literal["promotion", "rollback", "manual"]
Decision = Literal["promoted", "kept"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run; ``document`` is the text as written, ``parameters`` have their secrets masked."""

    id: str
    pipeline: str
    document_digest: str
    document: str
    state: RunState
    engine: str | None
    parameters: dict[str, Json]
    started: dt.datetime
    ended: dt.datetime | None
    result: dict[str, Json] | None
    attempt: int
    pid: int
    host: str
    process: str | None
    """When the process started, as its system says: a process id alone is used again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process's try at a run; only the latest may write about it."""

    run_id: str
    number: int
    state: RunState
    started: dt.datetime
    ended: dt.datetime | None
    pid: int
    host: str
    process: str | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event with its number within the run, from 1 without gaps."""

    number: int
    name: str
    body: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a stage has read; version 0 is *never committed*."""

    pipeline: str
    stage: str
    value: Json
    version: int
    run_id: str | None = None
    committed: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """An offset to commit, if its version is still the one that was read."""

    stage: str
    value: Json
    expected: int


@dataclass(frozen=True, slots=True)
class PublishEntry:
    """One staged piece of work: ``kind`` is ``module:Class`` of a ``Staged``, ``intent`` restores it."""

    stage: str
    kind: str
    intent: dict[str, Json]
    phase: Literal["data", "promotion", "origin"] = "data"
    status: Literal["intended", "published", "undone"] = "intended"
    output: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Publish:
    """What a batch intends to make visible, in order, and the offsets that move with it."""

    run_id: str
    batch: str
    pipeline: str
    status: PublishStatus
    intended: dt.datetime
    changed: dt.datetime
    entries: tuple[PublishEntry, ...]
    offsets: tuple[OffsetChange, ...]


@dataclass(frozen=True, slots=True)
class Promotion:
    """One line of the promotion log; ``previous`` was in production before the decision."""

    number: int
    kind: PromotionKind
    model: str
    version: int
    decision: Decision
    previous: int | None
    condition: str | None
    inputs: dict[str, Json]
    reason: str
    actor: str | None
    run_id: str | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Somebody wants a run to stop."""

    run_id: str
    requested: dt.datetime
    actor: str | None
    reason: str | None
