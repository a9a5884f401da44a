"""Runs: started, looked up, cancelled, compared."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from headrace.core import HeadraceError, InvalidCall, InvalidDocument, Json, RunFinished
from headrace.project import Project
from headrace.runner import Request, RunProcess, RunResult, fold

from .workspace import state_of

__all__ = [
    "cancel_run",
    "compare_runs",
    "ended",
    "list_runs",
    "refused",
    "refused_events",
    "run_log",
    "show_run",
    "start",
]

GRACE = 10.0
"""Seconds a cancelled run has to stop by itself before it is made to."""


def start(
    project: Project,
    text: str,
    *,
    file: str | None = None,
    parameters: Mapping[str, Json] | None = None,
    environment: str | None = None,
    engine: str | None = None,
    counts: Literal["stages", "ends", "off"] | None = None,
    resume: str | None = None,
    once: bool = False,
    from_start: bool = False,
    until: float | None = None,
    interval: float | None = None,
    preview: str | None = None,
    rows: int = 20,
    target: str | None = None,
    verb: Literal["run", "preview", "collect"] = "run",
) -> RunProcess:
    """Starts a run in a process of its own; or, without effects, a preview or collection of one stage."""
    request = Request(
        folder=str(project.folder),
        text=text,
        file=file,
        verb=verb,
        parameters=dict(parameters or {}),
        environment=environment,
        engine=engine,
        counts=counts,
        resume=resume,
        once=once,
        from_start=from_start,
        until=until,
        interval=interval,
        stage=preview,
        rows=rows,
        target=target,
    )
    return RunProcess(request)


def refused(error: HeadraceError) -> RunResult:
    """The result of a run that never began: no document that can be read, no project around it."""
    return fold(refused_events(error))


def refused_events(error: HeadraceError) -> Iterator[dict[str, Json]]:
    """The events of such a run."""
    if isinstance(error, InvalidDocument):
        yield {"event": "issues_found", "issues": [issue.to_json() for issue in error.issues]}
    yield RunFinished(run_id="", state="failed", seconds=0.0, error=error.to_json()).to_json()


def ended(result: RunResult) -> dict[str, Json]:
    """The last event of a run whose process could not tell it."""
    assert result.state != "running"
    error = result.error.model_dump() if result.error else None
    event = RunFinished(run_id=result.run_id, state=result.state, seconds=result.seconds, error=error)
    return event.to_json()


def list_runs(
    project: Project, *, pipeline: str | None = None, state: str | None = None, limit: int = 20
) -> list[RunResult]:
    """Runs, the latest first."""
    with state_of(project) as opened:
        found = opened.runs.list(pipeline=pipeline, state=state, limit=limit)  # type: ignore[arg-type]
        return [_result(opened, run.id) for run in found]


def show_run(project: Project, run: str) -> RunResult:
    """One run by its id, the beginning of it, or ``last``."""
    with state_of(project) as opened:
        return _result(opened, opened.runs.find(run).id)


def _result(state: Any, run_id: str) -> RunResult:
    record = state.runs.get(run_id)
    if record.result is not None:
        return RunResult.model_validate(record.result)
    return fold(event.body for event in state.events.read(run_id))


def run_log(project: Project, run: str, *, follow: bool = False) -> Iterator[dict[str, Json]]:
    """The run's events that a person reads, from the first; ``follow`` waits for more until it ends."""
    with state_of(project) as opened:
        run_id = opened.runs.find(run).id
        after = 0
        while True:
            events = opened.events.read(run_id, after=after)
            for event in events:
                after = event.number
                yield event.body
            if not follow or not opened.is_alive(run_id):
                return
            time.sleep(0.3)


def cancel_run(project: Project, run: str, *, actor: str | None = None) -> str:
    """Asks a run to stop, waits ten seconds, then makes it stop. Gives the state it ended in."""
    with state_of(project) as opened:
        record = opened.runs.find(run)
        if not opened.cancels.request(record.id, actor=actor):
            raise InvalidCall("run-ended", f"Run '{record.id}' has ended: {record.state}.")
        if _gone(opened, record.id, GRACE):
            return str(opened.runs.get(record.id).state)
        if record.host != socket.gethostname():
            raise InvalidCall(
                "run-elsewhere", f"Run '{record.id}' is on {record.host} and has not stopped yet."
            )
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(record.pid, signal.SIGKILL)
        _gone(opened, record.id, 2.0)
    with state_of(project) as opened:  # closes the record of what was killed
        return str(opened.runs.get(record.id).state)


def _gone(state: Any, run_id: str, seconds: float) -> bool:
    """Whether the run's process lets go of it in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not state.is_alive(run_id):
            return True
        time.sleep(0.05)
    return False


def compare_runs(project: Project, first: str, second: str, *, everything: bool = False) -> dict[str, Any]:
    """Two runs side by side: parameters, document, stages' rows and metrics; only differences by default."""
    from headrace.ml import better

    with state_of(project) as opened:
        records = [opened.runs.find(each) for each in (first, second)]
        results = [_result(opened, record.id) for record in records]
    sides = [_facts(record, result) for record, result in zip(records, results, strict=True)]
    rows = []
    for section in sides[0]:
        left, right = sides[0][section], sides[1][section]
        for name in dict.fromkeys((*left, *right)):
            pair = (left.get(name), right.get(name))
            if everything or pair[0] != pair[1]:
                side = better(name.rpartition(":")[2], *pair) if section == "metrics" else None
                rows.append({"section": section, "name": name, "a": pair[0], "b": pair[1], "better": side})
    return {"a": results[0].run_id, "b": results[1].run_id, "rows": rows}


def _facts(record: Any, result: RunResult) -> dict[str, dict[str, Json]]:
    several = len(result.models) > 1
    metrics = {
        f"{model.name or f'model {number}'}:{name}" if several else name: value
        for number, model in enumerate(result.models, 1)
        for name, value in model.metrics.items()
    }
    stages = {
        f"{stage.name}.{key}": getattr(stage, key)
        for stage in result.stages
        for key in ("rows_in", "rows_out", "error_rows")
        if getattr(stage, key) is not None
    }
    return {
        "run": {"state": result.state, "engine": result.engine, "document": record.document_digest[:12]},
        "parameters": dict(result.parameters),
        "metrics": metrics,
        "rows": stages,
        "seconds": {"total": result.seconds} | {s.name: s.seconds for s in result.stages if s.seconds},
    }
