"""One run from request to result, inside the run's own process."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import (
    Cancelled,
    HeadraceError,
    InvalidDocument,
    RunFailed,
    RunFinished,
    RunStarted,
    Warned,
)
from headrace.engine import Engine, open_engine
from headrace.project import Project, open_project
from headrace.storage.state import EndState, State, open_state

from .batches import run_batch, take
from .context import RunContext
from .lineage import provenance, shown_parameters
from .preparation import preflight, prepare
from .previewing import collect, preview
from .projection import project_columns
from .record import Fold
from .recovery import recover
from .reporter import Reporter
from .request import Request
from .schemas import analyze
from .streaming import Stream, of_a_batch

if TYPE_CHECKING:
    from headrace.compiler import Plan
    from headrace.core import Json
    from headrace.ml import Helper

__all__ = ["conduct"]

CANCEL_LOOK = 0.5
"""Seconds between two looks for a request to stop from another terminal."""


def conduct(request: Request, run_id: str, reporter: Reporter, cancelled: threading.Event) -> int:
    """Does what the request asks and tells the reporter all of it. Gives the exit code; never raises."""
    began = time.monotonic()
    run = _Run(request, run_id, reporter, cancelled)
    error: HeadraceError | None = None
    try:
        run.whole()
    except HeadraceError as known:
        error = known
    except Exception as unknown:
        error = RunFailed(
            "internal-error", f"{type(unknown).__name__}: {unknown}", hint="This is a defect of ours."
        )
        reporter.emit({"event": "traceback", "at": "", "text": _traceback(unknown)})
    if isinstance(error, InvalidDocument):
        reporter.emit({"event": "issues_found", "issues": [issue.to_json() for issue in error.issues]})
    state: EndState = "finished"
    if error is not None:
        state = "cancelled" if isinstance(error, Cancelled) else "failed"
    seconds = round(time.monotonic() - began, 3)
    told = error.to_json() if error else None
    reporter.emit(RunFinished(run_id=run_id, state=state, seconds=seconds, error=told))
    run.close(state)
    return error.exit_code if error else 0


def _traceback(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error))


class _Run:
    """What one run holds open, and the order in which it is opened and closed."""

    def __init__(self, request: Request, run_id: str, reporter: Reporter, cancelled: threading.Event) -> None:
        self.request = request
        self.id = run_id
        self.reporter = reporter
        self.cancelled = cancelled
        self.started = dt.datetime.now(dt.UTC)
        self._told = Fold()
        self._open = contextlib.ExitStack()
        self._state: State | None = None
        self._tracker: Helper | None = None
        self._attempt = 1

    def whole(self) -> None:
        """Compile, open, analyze, execute, publish."""
        request = self.request
        project = open_project(Path(request.folder), request.environment)
        plan = prepare(
            project,
            request.text,
            request.file,
            request.parameters,
            engine=request.engine,
            counts=request.counts,
            streams=request.streams,
            run_id=self.id,
            started=self.started,
        )
        plan = preflight(plan, project, writes=request.verb == "run")
        self.reporter.hide(plan.parameters)
        self._warm_up(plan, project)
        with self._recorded(plan, project) as state:
            self._in_engine(plan, project, state)

    def _warm_up(self, plan: Plan, project: Project) -> None:
        """MLflow takes seconds to import: its process starts while the data is read."""
        if self.request.verb == "run" and any(step.type.startswith("ml.") for step in plan.steps):
            from headrace.ml import warm_up

            self._tracker = warm_up(project.folder, project.tracking)

    @contextlib.contextmanager
    def _recorded(self, plan: Plan, project: Project) -> Iterator[State]:
        state = self._open.enter_context(
            open_state(project.folder, project=project.name, environment=project.environment)
        )
        for sentence in recover(state, project):
            self.reporter.emit(Warned(code="recovered", message=sentence))
        if self.request.verb == "run":
            self._hold(plan, state)
        yield state

    def _hold(self, plan: Plan, state: State) -> None:
        if plan.mode == "streaming":
            self._open.enter_context(state.only_stream(plan.pipeline.name))
        if self.request.resume:
            held = state.resume_run(self.request.resume)
        else:
            held = state.start_run(
                pipeline=plan.pipeline.name,
                document=plan.pipeline.source.text,
                document_digest=plan.pipeline.digest(),
                parameters=shown_parameters(plan.parameters),
                engine=plan.engine,
                run_id=self.id,
            )
        self._open.callback(held.release)
        self._attempt = held.record.attempt
        self._state = state
        self.reporter.add_sink(self._told.take)
        self.reporter.add_sink(lambda event: _store(state, self.id, event, streams=plan.mode == "streaming"))

    def _in_engine(self, plan: Plan, project: Project, state: State) -> None:
        self.reporter.emit(
            RunStarted(
                run_id=self.id,
                pipeline=plan.pipeline.name,
                engine=plan.engine,
                why_engine=plan.why_engine,
                stages=tuple((step.name, step.type) for step in plan.steps),
                parameters=shown_parameters(plan.parameters),
                mode=plan.mode,
            )
        )
        for warning in plan.warnings:
            self.reporter.emit(Warned(code=warning.code, message=warning.message, stage=warning.stage))
        scratch = state.run_folder(self.id) / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        self._open.callback(shutil.rmtree, scratch, ignore_errors=True)
        self._lend_store(plan, project, scratch)
        engine = self._open.enter_context(open_engine(plan.engine, project.engine, scratch=scratch))
        stop = threading.Event()
        self._open.callback(stop.set)
        watch = threading.Thread(target=self._watch, args=(engine, state, stop), name="cancel", daemon=True)
        watch.start()
        described = {"name": engine.name, "version": engine.version}
        context = RunContext(
            id=self.id,
            started=self.started,
            plan=plan,
            project=project,
            open_engine=lambda: engine,
            reporter=self.reporter,
            scratch=scratch,
            errors=state.run_folder(self.id) / "errors" if self.request.verb == "run" else None,
            provenance=provenance(plan, project.environment, described, project.folder),
            cancelled=self.cancelled,
            reads_new=self.request.verb == "run" and plan.mode == "streaming",
        )
        analysis = analyze(context, state.schemas)
        if self.request.verb == "preview":
            preview(context, self.request, analysis)
        elif self.request.verb == "collect":
            collect(context, self.request, analysis)
        else:
            context.projection = project_columns(plan, analysis.schemas)
            self._execute(context, state)

    def _execute(self, context: RunContext, state: State) -> None:
        if context.plan.mode == "streaming":
            Stream(context, state, self.request).run()
            return
        names = [step.name for step in context.plan.origins] if self.request.from_start else []
        run_batch(context, state, take(context, state, from_start=names))

    def _lend_store(self, plan: Plan, project: Project, scratch: Path) -> None:
        """A script's own MLflow calls belong to the project; those of a preview go with it."""
        code = [str(step.stage.code) for step in plan.steps if step.type == "processor.pyspark"]  # type: ignore[attr-defined]
        if not any("mlflow" in each for each in code):
            return
        from headrace.ml import lend_store, lend_throwaway_store

        if self.request.verb == "run":
            lend_store(project.folder, project.tracking, plan.pipeline.name)
        else:
            lend_throwaway_store(scratch, plan.pipeline.name)

    def _watch(self, engine: Engine, state: State, stop: threading.Event) -> None:
        """Interrupts the engine once the run is to stop, whoever says so."""
        while not stop.is_set():
            asked = self.cancelled.wait(CANCEL_LOOK)
            if not asked and self._state is not None and state.cancels.get(self.id) is not None:
                self.cancelled.set()
                asked = True
            if asked:
                with contextlib.suppress(Exception):
                    engine.interrupt()
                stop.wait(CANCEL_LOOK)

    def close(self, how: EndState) -> None:
        """Ends the record, then everything that was opened, the latest first."""
        with contextlib.suppress(Exception):
            if self._state is not None:
                result = self._told.result().model_dump(mode="json")
                self._state.runs.end(self.id, self._attempt, how, result)
        with contextlib.suppress(Exception):
            self._open.close()
        if self._tracker is not None:
            self._tracker.close(how)


def _store(state: State, run_id: str, event: dict[str, Json], *, streams: bool) -> None:
    if not (streams and of_a_batch(event)):
        state.events.append(run_id, [event])
