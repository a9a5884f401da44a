"""A run as its stages see it: one shared context, and one view of it per stage."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import (
    Cancelled,
    Event,
    InputVersion,
    OnError,
    Provenance,
    Purpose,
    Slice,
    TrackingSettings,
    Value,
    upstream,
)
from headrace.storage.objects import with_digests

from .counting import Counts
from .projection import Projection
from .reporter import Reporter, RunLogHandler

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from headrace.compiler import Plan, Step
    from headrace.engine import Engine
    from headrace.project import Project

__all__ = ["RunContext", "StageContext"]

Watch = tuple[str, Literal["in", "out", "errors"], Callable[[], int | None]]


@dataclass
class RunContext:
    """Everything about one run that its stages share."""

    id: str
    started: dt.datetime
    plan: Plan
    project: Project
    open_engine: Callable[[], Engine]
    reporter: Reporter
    scratch: Path
    provenance: Provenance
    batch: str = "0"
    errors: Path | None = None
    """Where rows that failed are kept; ``None``: nowhere."""
    purpose: Purpose = "run"
    limit: int | None = None
    reads_new: bool = False
    slices: Mapping[str, Slice] = field(default_factory=dict)
    inputs: dict[str, list[InputVersion]] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    projection: Projection = field(default_factory=Projection)

    @cached_property
    def engine(self) -> Engine:
        """The engine, started when it is first asked for."""
        return self.open_engine()

    @cached_property
    def counts(self) -> Counts:
        """Row counts as they become known."""
        return Counts(self.plan)

    def stage(self, step: Step, purpose: Purpose | None = None) -> StageContext:
        """The view of one step, for another purpose than the run's if given."""
        return StageContext(self, step, purpose or self.purpose)

    def again(self, step: Step, columns: frozenset[str]) -> StageContext:
        """The view of a step that is called once more for fewer columns; what it says is known already."""
        view = RepeatedContext(self, step, self.purpose)
        view.columns = self.projection.spelled((step.name, step.stage.default_output), columns)
        return view

    def check_cancelled(self) -> None:
        """Raises ``Cancelled`` once somebody has asked for it."""
        if self.cancelled.is_set():
            raise Cancelled("cancelled", "The run was cancelled.")


class StageContext:
    """One stage's view of the run: implements ``core.Run``."""

    def __init__(self, context: RunContext, step: Step, purpose: Purpose) -> None:
        self._context = context
        self._step = step
        self.id = context.id
        self.batch = context.batch
        self.started = context.started
        self.stage = step.name
        self.purpose: Purpose = purpose
        self.parameters: Mapping[str, Any] = context.plan.parameters
        self.engine = context.plan.engine
        self.project = context.project.name
        self.environment = context.project.environment
        self.folder: Path = context.project.folder
        self.on_error: OnError = step.on_error
        self.slice: Slice | None = context.slices.get(step.name)
        self.limit = context.limit
        self.reads_new = context.reads_new
        self.columns: tuple[str, ...] | None = context.projection.of_origin(step)
        self.provenance: Provenance = context.provenance
        self.tracking: TrackingSettings = context.project.tracking

    @property
    def session(self) -> SparkSession:
        """The engine's session."""
        return self._context.engine.session

    @cached_property
    def scratch(self) -> Path:
        """A folder of this stage's own below the run's."""
        path = self._context.scratch / self.stage
        path.mkdir(parents=True, exist_ok=True)
        return path

    @cached_property
    def log(self) -> logging.Logger:
        """Writes to the run's log only."""
        logger = logging.Logger(f"headrace.stage.{self.stage}", logging.DEBUG)
        logger.addHandler(RunLogHandler(self._context.reporter, self.stage))
        return logger

    @property
    def inputs(self) -> tuple[InputVersion, ...]:
        """What the stages upstream have said they read, with digests."""
        above = upstream(self._context.plan.graph, self.stage) | {self.stage}
        said = self._context.inputs
        return with_digests((each for name in said if name in above for each in said[name]), self.folder)

    def connection(self, name: str) -> Value:
        """The connection of that name; its secrets are hidden from every record from now on."""
        project = self._context.project
        connection: Value = project.connection(name)
        self._context.reporter.hide((connection, *project.secrets.seen()))
        return connection

    def used(self, *inputs: InputVersion) -> None:
        """Puts objects on record."""
        self._context.inputs.setdefault(self.stage, []).extend(inputs)

    def watch(self, count: Callable[[], int | None], *, direction: Literal["in", "out", "errors"]) -> None:
        """Asks ``count`` for this stage's rows whenever counts are shown, and once more at the end."""
        self._context.watches.append((self.stage, direction, count))

    def counted(
        self, rows_in: int | None = None, rows_out: int | None = None, output: str | None = None
    ) -> None:
        """Says how many rows this stage has read or written."""
        if rows_in is not None:
            self._context.counts.say_in(self.stage, rows_in)
        if rows_out is not None:
            self._context.counts.say_out(self.stage, output, rows_out)

    def mask(self, text: str) -> str:
        """``•••`` for every secret that the run has seen."""
        return self._context.reporter.mask(text)

    def emit(self, event: Event) -> None:
        """Tells whoever watches."""
        self._context.reporter.emit(event)

    def check_cancelled(self) -> None:
        """Raises ``Cancelled`` once somebody has asked for it."""
        self._context.check_cancelled()


class RepeatedContext(StageContext):
    """The view of a step that has been called before: its inputs and counts are on record."""

    def used(self, *inputs: InputVersion) -> None:
        """On record."""

    def watch(self, count: Callable[[], int | None], *, direction: Literal["in", "out", "errors"]) -> None:
        """Counted elsewhere."""

    def counted(
        self, rows_in: int | None = None, rows_out: int | None = None, output: str | None = None
    ) -> None:
        """Counted elsewhere."""
