"""Which stages are at work, and how many rows they have seen: told as events while an action runs.

Frames are lazy, so a filter works while the destination after it writes: a stage has started when the first
action that needs it has, and is finished when the last one is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from headrace.core import RowsCounted, StageFinished, StageStarted

if TYPE_CHECKING:
    from headrace.compiler import Plan, Step

    from .context import RunContext

__all__ = ["Progress"]

INTERVAL = 0.5
"""Seconds between two looks at the counts."""

Counted = tuple[int | None, int | None, int | None]


class Progress:
    """Tells of every stage when it starts, how far it is and how it ended."""

    def __init__(self, context: RunContext, labels: dict[str, tuple[str, str | None]]) -> None:
        self._context = context
        self._labels = labels
        self._covers = _covers(context.plan)
        self._started: dict[str, float] = {}
        self._ended: set[str] = set()
        self._told: dict[str, Counted] = {}
        self._lock = threading.Lock()

    @contextmanager
    def action(self, step: Step) -> Iterator[None]:
        """While ``step`` moves data: what it needs is running, and done when no later action needs it."""
        for name in self._covers[step.name]:
            self._start(name)
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(done,), name="row-counts", daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()
        self._context.engine.settle()
        covered = self._covers.pop(step.name)
        later = {name for names in self._covers.values() for name in names}
        self._tell_counts()
        for name in covered:
            if name not in later:
                self._end(name, "finished")

    def fail(self, step: Step, state: Literal["failed", "cancelled"]) -> None:
        """``step`` ended badly; what was running with it is cancelled."""
        self._start(step.name)
        self._end(step.name, state)
        for name in list(self._started):
            self._end(name, "cancelled")
        self._skip_rest()

    def finish(self) -> None:
        """Stages that no action needed were left out."""
        for name in list(self._started):
            self._end(name, "finished")
        self._skip_rest()

    def _skip_rest(self) -> None:
        for step in self._context.plan.steps:
            if step.name not in self._ended:
                self._ended.add(step.name)
                self._context.reporter.emit(StageFinished(stage=step.name, state="skipped"))

    def _start(self, name: str) -> None:
        if name not in self._started:
            self._started[name] = time.monotonic()
            self._context.reporter.emit(StageStarted(stage=name))

    def _end(self, name: str, state: Literal["finished", "failed", "cancelled"]) -> None:
        if name in self._ended:
            return
        self._ended.add(name)
        counts = self._context.counts.of(self._context.plan.step(name))
        rows_in, rows_out, errors = counts if state == "finished" else (None, None, None)
        seconds = round(time.monotonic() - self._started[name], 3)
        event = StageFinished(
            stage=name, state=state, rows_in=rows_in, rows_out=rows_out, error_rows=errors, seconds=seconds
        )
        self._context.reporter.emit(event)

    def _tick(self, done: threading.Event) -> None:
        while not done.wait(INTERVAL):
            self._tell_counts()

    def _tell_counts(self) -> None:
        with self._lock:
            self._look()
            for name in list(self._started):
                counts = self._context.counts.of(self._context.plan.step(name))
                if name not in self._ended and counts != self._told.get(name, (None, None, None)):
                    self._told[name] = counts
                    rows_in, rows_out, errors = counts
                    event = RowsCounted(stage=name, rows_in=rows_in, rows_out=rows_out, error_rows=errors)
                    self._context.reporter.emit(event)

    def _look(self) -> None:
        counts = self._context.counts
        for stage, direction, count in list(self._context.watches):
            rows = count()
            if rows is not None and direction == "in":
                counts.say_in(stage, rows)
            elif rows is not None and direction == "errors":
                counts.error_rows[stage] = rows
            elif rows is not None:
                counts.say_out(stage, None, rows)
        for label, rows in self._context.engine.counts().items():
            if rows is not None and label in self._labels:
                counts.say_out(*self._labels[label], rows)


def _covers(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Each action and the lazy steps that it computes, in order.

    What user code gives may be lazy, too: whoever reads it computes all that is above it.
    """
    lazy: dict[str, frozenset[str]] = {}
    covers: dict[str, tuple[str, ...]] = {}
    rank = {step.name: position for position, step in enumerate(plan.steps)}
    for step in plan.steps:
        above = frozenset().union(*(lazy[name] for name in step.reads_from)) | {step.name}
        if step.acts or step.kept:
            covers[step.name] = tuple(sorted(above, key=rank.__getitem__))
            lazy[step.name] = above if step.stage.once and not step.kept else frozenset()
        else:
            lazy[step.name] = above
    return covers
