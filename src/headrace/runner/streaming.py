"""A stream: batches of what is new, one after the other, until somebody stops it.

The plan is compiled once and the engine's session stays open. Each batch has a number, an intent in the
journal and a commit of its offsets; what it has registered with the engine is given back before the next.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import BatchFinished, InvalidDocument, Unavailable, Warned

from .batches import Taken, batch_folder, number_after, run_batch, take, tidy
from .record import KEPT_BATCHES

if TYPE_CHECKING:
    from headrace.core import Json
    from headrace.storage.state import State

    from .context import RunContext
    from .request import Request

__all__ = ["INTERVAL", "Stream", "of_a_batch"]

INTERVAL = 5.0
"""Seconds from one batch to the next where nothing else is said."""
SHORTEST_LOOK = 0.5
"""Seconds between two looks at where nothing was, at least."""
BACK_OFF = 1.5
"""How much longer each look waits than the one before, up to the interval."""
TRIES = 5
"""How often in a row a place that does not answer is asked again."""
COUNTS = ("rows_in", "rows_out", "error_rows")
DETAILS = frozenset({"stage_started", "rows_counted", "output_published"})


def of_a_batch(event: dict[str, Json]) -> bool:
    """Whether a stream's record leaves the event out: its batches say the same in one."""
    return event["event"] in DETAILS or (
        event["event"] == "stage_finished" and event["state"] in ("finished", "skipped")
    )


class Stream:
    """Runs batches; ``context`` is that of the run, each batch gets one of its own."""

    def __init__(self, context: RunContext, state: State, request: Request) -> None:
        self._context = context
        self._state = state
        self._once = request.once
        self._until = request.until
        interval = request.interval if request.interval is not None else context.plan.pipeline.interval
        self._interval = INTERVAL if interval is None else interval
        self._from_start = {step.name for step in context.plan.origins} if request.from_start else set()
        self._number = number_after(state, context.id)
        self._count = 0
        self._totals: dict[str, dict[str, Any]] = {}
        self._failures = 0

    def run(self) -> None:
        """Until it is stopped, raising ``Cancelled``, or has reached the end that the request names.

        Raises what a batch raises: nothing of that batch is visible then, all before it stays.
        """
        gc.freeze()  # what was imported stays; what batches leave in circles has to go
        gc.enable()
        look = SHORTEST_LOOK
        while True:
            self._context.check_cancelled()
            began = time.monotonic()
            last = self._once or (self._until is not None and time.time() >= self._until)
            busy = self._one()
            if busy is None:  # somewhere nobody answers
                self._wait(SHORTEST_LOOK * 2**self._failures)
            elif busy.new:
                look = SHORTEST_LOOK
                if not (busy.more or last):
                    self._wait(began + self._interval - time.monotonic())
            elif last:
                return
            else:
                self._wait(min(look, max(self._interval, SHORTEST_LOOK)))
                look = min(look * BACK_OFF, max(self._interval, SHORTEST_LOOK))

    def _wait(self, seconds: float) -> None:
        if self._until is not None:
            seconds = min(seconds, max(self._until - time.time(), SHORTEST_LOOK))
        self._context.cancelled.wait(max(seconds, 0.0))

    def _one(self) -> Taken | None:
        """A look, and a batch if there is something; ``None``: a place that may answer later did not."""
        with self._batch() as context:
            try:
                taken = take(context, self._state, from_start=self._from_start)
                if not taken.slices:
                    raise InvalidDocument([_nothing_to_stream(context)])
                if taken.new:
                    self._finish(context, taken)
            except Unavailable as error:
                self._failures += 1
                if self._failures > TRIES:
                    raise
                told = f"Tried again: {error.message}"
                context.reporter.emit(Warned(code=error.code, message=told, stage=error.where))
                return None
        self._failures = 0
        return taken

    @contextlib.contextmanager
    def _batch(self) -> Iterator[RunContext]:
        """A batch's own context; what it leaves with the engine and on the disk goes with it."""
        batch = f"{self._number:06d}"
        folder: Path = batch_folder(self._context.scratch, batch)
        fresh: dict[str, Any] = {"slices": {}, "inputs": {}, "watches": []}
        try:
            yield replace(self._context, batch=batch, scratch=folder, **fresh)
        finally:
            tidy(self._context.scratch, batch)

    def _finish(self, context: RunContext, taken: Taken) -> None:
        began = time.monotonic()
        try:
            outputs = run_batch(context, self._state, taken)
        finally:
            self._number += 1
            context.engine.release()
        self._from_start.clear()
        self._count += 1
        context.reporter.emit(self._event(context, outputs, time.monotonic() - began))
        if self._count % KEPT_BATCHES == 0:
            self._state.forget_batches(context.id, KEPT_BATCHES)

    def _event(self, context: RunContext, outputs: list[dict[str, Json]], seconds: float) -> BatchFinished:
        stages: dict[str, dict[str, Any]] = {}
        for step in context.plan.steps:
            stages[step.name] = dict(zip(COUNTS, context.counts.of(step), strict=True))
        for name, counts in stages.items():
            before = self._totals.setdefault(name, dict.fromkeys(COUNTS, 0))
            self._totals[name] = {key: _sum(before[key], counts[key]) for key in COUNTS}
        return BatchFinished(
            batch=context.batch,
            count=self._count,
            seconds=round(seconds, 3),
            stages=stages,
            totals=self._totals,
            outputs=tuple(outputs),
        )


def _sum(before: int | None, now: int | None) -> int | None:
    return None if before is None or now is None else before + now


def _nothing_to_stream(context: RunContext) -> Any:
    return context.plan.pipeline.issue(
        "nothing-to-stream",
        "No origin of this pipeline keeps an offset, so there is nothing that could be new.",
        path=("mode",),
        hint="Set `read: new` at an origin, or run it as a batch.",
    )
