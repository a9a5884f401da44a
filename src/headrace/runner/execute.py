"""Walks a plan: calls each verb, hands frames along the lanes, and collects what is staged."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import (
    ERRORS,
    Cancelled,
    Destination,
    Frame,
    HeadraceError,
    Origin,
    Processor,
    RunFailed,
    Staged,
    UserCodeFailed,
    WithErrors,
    upstream,
)
from headrace.engine import explain_failure

from .counting import lane_key, marks, outputs_of
from .progress import Progress

if TYPE_CHECKING:
    from headrace.compiler import Plan, Step

    from .context import RunContext

__all__ = ["Execution", "call_verb"]

CODE = "processor.pyspark"


class Execution:
    """One walk over a plan. Afterwards ``staged`` holds what waits to be published, in order."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.frames: dict[tuple[str, str | None], Frame] = {}
        self._narrow: dict[tuple[str, frozenset[str]], Frame] = {}
        self.staged: list[tuple[Step, Staged]] = []
        self._marks = marks(context.plan, context.plan.counts)
        self._labels = {f"{step}.{output or ''}": (step, output) for step, output in self._marks}
        self.progress = Progress(context, self._labels)

    def run(self) -> None:
        """Every stage in order. Raises a ``HeadraceError`` whose ``where`` is the stage that failed."""
        for step in self.context.plan.steps:
            self._do_or_say_where(step)

    def _do_or_say_where(self, step: Step) -> None:
        try:
            self.context.check_cancelled()
            self._do(step)
        except Exception as error:
            known = in_our_words(error, self.context)
            known.where = known.where or _whose(known, step, self.context.plan)
            # A reader's error comes out where its rows are written.
            there = (each for each in self.context.plan.steps if each.name == known.where)
            how: Literal["cancelled", "failed"] = "cancelled" if isinstance(known, Cancelled) else "failed"
            self.progress.fail(next(there, step), how)
            raise known from error

    def _do(self, step: Step) -> None:
        moves_data = step.acts or step.kept
        with self.progress.action(step) if moves_data else contextlib.nullcontext():
            result = self._call(step)
            if isinstance(result, Staged):
                self.staged.append((step, result))
                return
            self.hand_on(step, result)
            if step.kept:
                self._spill(step)

    def _call(self, step: Step) -> Any:
        return call_verb(
            step, {port: self._input(step, port) for port in step.inputs}, self.context.stage(step)
        )

    def _input(self, step: Step, port: str) -> Frame:
        """What comes in at a port: the frame that all readers share, or a narrower one for this reader."""
        plan, lane = self.context.plan, step.inputs[port]
        wanted = self.context.projection.narrower(plan, step, port)
        if wanted is not None:
            return self._narrowed(plan.step(lane.stage), wanted)
        return self.frames[lane_key(plan, lane.stage, lane.output)]

    def _narrowed(self, step: Step, wanted: frozenset[str]) -> Frame:
        """A step's frame with fewer columns, from fewer columns all the way down to the file."""
        if (step.name, wanted) not in self._narrow:
            above = self.context.projection.above(self.context.plan, step, wanted) if step.inputs else {}
            inputs = {
                port: self._narrowed(self.context.plan.step(lane.stage), above[port])
                for port, lane in step.inputs.items()
            }
            (output,) = outputs_of(step)
            made = call_verb(step, inputs, self.context.again(step, wanted))
            self._narrow[step.name, wanted] = self._mark(step, output, made)
        return self._narrow[step.name, wanted]

    def hand_on(self, step: Step, result: Any) -> None:
        """Puts what a verb gave on the lanes, marked where the engine has to count it."""
        if isinstance(result, WithErrors):
            self.frames[step.name, ERRORS] = result.rejected
            result = result.frame
        named = result if isinstance(result, Mapping) else dict.fromkeys(outputs_of(step), result)
        for output, frame in named.items():
            self.frames[step.name, output] = self._mark(step, output, frame)

    def _mark(self, step: Step, output: str | None, frame: Frame) -> Frame:
        if (step.name, output) not in self._marks:
            return frame
        return self.context.engine.counted(frame, f"{step.name}.{output or ''}")

    def _spill(self, step: Step) -> None:
        for output in outputs_of(step):
            folder = self.context.scratch / "kept" / f"{step.name}.{output or 'rows'}"
            frame, rows = self.context.engine.spill(self.frames[step.name, output], folder)
            self.frames[step.name, output] = frame
            if rows is not None:
                self.context.counts.say_out(step.name, output, rows)


def _whose(error: HeadraceError, step: Step, plan: Plan) -> str:
    """The stage that an error is about: a function of code fails where the rows it makes are asked for."""
    above = upstream(plan.graph, step.name) if isinstance(error, UserCodeFailed) else ()
    code = [name for name in above if plan.step(name).type == CODE]
    return code[0] if len(code) == 1 and step.type != CODE else step.name


def call_verb(step: Step, inputs: Mapping[str, Frame], run: Any) -> Any:
    """``read``, ``transform`` or ``write`` with its frames where its signature wants them."""
    stage = step.stage
    if isinstance(stage, Origin):
        return stage.read(run)
    if isinstance(stage, Destination):
        return stage.write(next(iter(inputs.values())), run)
    assert isinstance(stage, Processor)
    ports = stage.ports()
    if ports.variadic:
        return stage.transform(*inputs.values(), run=run)
    return stage.transform(**inputs, run=run)


def in_our_words(error: Exception, context: RunContext) -> HeadraceError:
    """Any exception of a verb as one of ours, short and masked; an engine's interrupt is a cancellation."""
    if context.cancelled.is_set():
        return Cancelled("cancelled", "The run was cancelled.")
    known = error if isinstance(error, HeadraceError) else explain_failure(error)
    if known is None:
        text = f"{type(error).__name__}: {error}".strip()
        known = RunFailed("stage-failed", context.reporter.mask(text))
    return known
