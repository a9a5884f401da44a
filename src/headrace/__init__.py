"""Headrace takes a team from raw data to a model in production, and keeps it there."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.app.pipeline import Pipeline, load
    from headrace.core import HeadraceError, InvalidDocument, Issue
    from headrace.runner import RunResult

_HOMES = {
    "HeadraceError": "headrace.core",
    "InvalidDocument": "headrace.core",
    "Issue": "headrace.core",
    "Pipeline": "headrace.app.pipeline",
    "RunResult": "headrace.runner",
    "load": "headrace.app.pipeline",
}

__all__ = ["HeadraceError", "InvalidDocument", "Issue", "Pipeline", "RunResult", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
