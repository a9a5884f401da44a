"""A run's error, raised again where the run was started."""

from __future__ import annotations

from headrace.core import (
    Cancelled,
    DataRefused,
    EngineFailed,
    HeadraceError,
    InvalidCall,
    InvalidDocument,
    Issue,
    RunFailed,
    Unavailable,
    UserCodeFailed,
)
from headrace.runner import ErrorInfo, RunResult

__all__ = ["error_of", "raise_if_failed"]

KINDS: dict[str | None, type[HeadraceError]] = {
    kind.__name__: kind for kind in (DataRefused, EngineFailed, InvalidCall, Unavailable, UserCodeFailed)
}


def error_of(info: ErrorInfo) -> HeadraceError:
    """The exception that a caller catches, of the class that the run raised; ``RunFailed`` for any other."""
    kind = Cancelled if info.code == "cancelled" else KINDS.get(info.kind, RunFailed)
    return kind(info.code, info.message, where=info.where, hint=info.hint)


def raise_if_failed(result: RunResult) -> None:
    """Raises what ended the run before its time: ``InvalidDocument`` with every issue, or its error."""
    if result.issues:
        raise InvalidDocument(Issue(**issue) for issue in result.issues)
    if result.error is not None:
        raise error_of(result.error)
    if result.state == "cancelled":
        raise Cancelled("cancelled", f"Run {result.run_id} was cancelled.")
    if result.state != "finished":
        raise RunFailed("run-failed", f"Run {result.run_id} ended {result.state}.")
