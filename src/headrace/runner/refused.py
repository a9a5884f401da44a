"""Rows that stages could not use: kept with the run, and the limit at which they stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core import ERRORS, RunFailed
from headrace.frames.arrow import frame_to_arrow
from headrace.storage.error_files import ErrorFiles

if TYPE_CHECKING:
    from headrace.compiler import Step

    from .context import RunContext
    from .execute import Execution

__all__ = ["keep_refused", "stop_at_limit"]


def keep_refused(context: RunContext, execution: Execution) -> None:
    """Before anything is published, so that also a run that stops at its limit can tell which rows."""
    if context.errors is None:
        return
    files = ErrorFiles(context.errors)
    for step in context.plan.steps:
        frame = execution.frames.get((step.name, ERRORS)) if step.on_error != "stop" else None
        if frame is None or context.counts.of(step)[2] == 0:
            continue
        room = files.room(step.name)
        rows = frame_to_arrow(frame.limit(room)) if room else None
        if rows is not None and rows.num_rows:
            files.keep(step.name, context.batch, rows)


def stop_at_limit(context: RunContext) -> None:
    """Raises ``RunFailed`` (``too-many-errors``) where a stage has refused more rows than its limit."""
    for step in context.plan.steps:
        rows_in, rows_out, failed = context.counts.of(step)
        limit = step.max_errors
        if limit is None or not failed:
            continue
        total = rows_in if rows_in is not None else (rows_out or 0) + failed
        allowed = total * float(limit.rstrip("% ")) / 100 if isinstance(limit, str) else limit
        if failed > allowed:
            raise _too_many(step, failed, total)


def _too_many(step: Step, failed: int, total: int) -> RunFailed:
    return RunFailed(
        "too-many-errors",
        f"{failed:,} of {total:,} rows failed; the limit is {step.max_errors}.",
        where=step.name,
        hint="`headrace runs errors last` shows them. Nothing was published.",
    )
