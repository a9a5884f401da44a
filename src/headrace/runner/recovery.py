"""Finishes what dead processes left: before anything else, by whoever opens the project next."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from headrace.core import Event, HeadraceError, InvalidCall, RunFinished, Unavailable
from headrace.project import Project, open_project
from headrace.storage.state import EndState, RunRecord, State, open_state

from .batches import batch_folder, left_folders
from .publishing import finish_publish, undo_staged
from .record import fold
from .result import ErrorInfo, RunResult

if TYPE_CHECKING:
    from headrace.core import TrackingSettings, Value

    from .request import Request

__all__ = ["close_record", "recover"]

INTERRUPTED = ErrorInfo(
    code="interrupted",
    message="The run's process ended before the run did.",
    hint="Nothing of it was published; run it again.",
)
STREAM_INTERRUPTED = INTERRUPTED.model_copy(
    update={"hint": "Each of its batches was published whole or not at all; run it again to go on."}
)
CANCELLED = ErrorInfo(code="cancelled", message="The run was cancelled.")


def close_record(request: Request, run_id: str, error: ErrorInfo) -> RunResult | None:
    """What becomes of a run whose process has just died of ``error``, as ``recover`` decides.

    ``None`` where the project's state knows nothing of the run, or something is out of reach now.
    """
    with contextlib.suppress(HeadraceError):
        project = open_project(Path(request.folder), request.environment)
        with open_state(project.folder, project=project.name, environment=project.environment) as state:
            recover(state, project, {run_id: error})
            found = state.runs.get(run_id).result
            return RunResult.model_validate(found) if found is not None else None
    return None


def recover(state: State, project: Project, causes: Mapping[str, ErrorInfo] | None = None) -> list[str]:
    """Rolls half-published runs forward or undoes them, and closes the records of dead runs.

    Never touches a run whose process lives. Gives a sentence for each run that it closed; ``causes`` are what
    runs are known to have died of.
    """
    said: list[str] = []
    dead = state.dead_runs()
    for run in dead:
        # Somebody else got there first, or the place cannot be reached now: then the next command tries.
        with contextlib.suppress(InvalidCall, Unavailable):
            lock = state.hold_run(run.id)
            try:
                said.append(_close(state, project, run, (causes or {}).get(run.id)))
            finally:
                lock.release()
    for left in state.journal.open():
        if not state.is_alive(left.run_id):
            with contextlib.suppress(InvalidCall, Unavailable), state.hold_run(left.run_id):
                finish_publish(state, left, _views(state, project, left.run_id, left.batch), _unheard)
    if dead:
        _close_tracking(project.tracking, project.folder, [run.id for run in dead])
    return said


def _unheard(_: Event) -> None:
    """The run's record is closed already."""


def _close(state: State, project: Project, run: RunRecord, cause: ErrorInfo | None) -> str:
    def emit(event: Event) -> None:
        state.events.append(run.id, [event])

    for left in state.journal.open(run.id):
        finish_publish(state, left, _views(state, project, run.id, left.batch), emit)
    published = {int(each.batch) for each in state.journal.list(run.id) if each.status == "done"}
    scratch = state.run_folder(run.id) / "scratch"
    for batch, folder in left_folders(scratch):
        if int(batch) > max(published, default=-1):
            undo_staged(folder, _views(state, project, run.id, batch))
    events = state.events.read(run.id)
    streamed = any(each.body.get("mode") == "streaming" for each in events if each.name == "run_started")
    done = bool(published) and not streamed
    seconds = _seconds(run, None if cause else events)
    if cause is None:
        interrupted = STREAM_INTERRUPTED if streamed else INTERRUPTED
        cause = CANCELLED if state.cancels.get(run.id) is not None else interrupted
    how: EndState = "finished" if done else "cancelled" if cause.code == "cancelled" else "failed"
    error = None if done else cause.model_dump()
    emit(RunFinished(run_id=run.id, state=how, seconds=seconds, error=error))
    result = fold(each.body for each in state.events.read(run.id))
    state.runs.end(run.id, run.attempt, how, result.model_dump(mode="json"))
    shutil.rmtree(scratch, ignore_errors=True)
    ending = {
        "finished": "its results were published",
        "cancelled": "cancelled",
        "failed": "nothing was published",
    }
    if streamed:
        ending["failed"] = "what it had published stays, and the next run goes on from there"
    return f"Run {run.id} had been interrupted: {ending[how]}."


def _seconds(run: RunRecord, events: Any) -> float:
    """From the start to the last thing heard of it; to now, ``None``, where somebody has just seen it die."""
    import datetime as dt

    last = run.started
    if events is None:
        last = dt.datetime.now(dt.UTC)
    elif events:
        last = dt.datetime.fromisoformat(events[-1].body["at"])
    return round((last - run.started).total_seconds(), 3)


def _views(state: State, project: Project, run_id: str, batch: str) -> Any:
    """The run as a stage sees it after a crash: enough to finish or undo, no engine."""

    def connection(name: str) -> Value:
        found: Value = project.connection(name)
        return found

    def view(stage: str) -> SimpleNamespace:
        scratch: Path = batch_folder(state.run_folder(run_id) / "scratch", batch) / stage
        return SimpleNamespace(
            id=run_id,
            batch=batch,
            stage=stage,
            purpose="run",
            project=project.name,
            folder=project.folder,
            scratch=scratch,
            tracking=project.tracking,
            environment=project.environment,
            connection=connection,
            log=logging.getLogger(f"headrace.stage.{stage}"),
            emit=lambda event: state.events.append(run_id, [event]),
        )

    return view


def _close_tracking(tracking: TrackingSettings, folder: Path, run_ids: list[str]) -> None:
    from headrace.ml import repair_tracking

    repair_tracking(tracking, folder, run_ids)
