"""Plan → Run: executes, previews and analyzes, publishes all or nothing, recovers what was interrupted.

The face is lazy: checking a document loads none of what running one needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import RunContext
    from .lineage import provenance, shown_parameters
    from .offsets import look_at_offsets
    from .preparation import check, prepare
    from .process import RunProcess, new_run_id
    from .record import fold
    from .recovery import recover
    from .reporter import Reporter
    from .request import Request
    from .result import ErrorInfo, ModelInfo, PromotionInfo, RunResult, StageResult, result_schema
    from .schemas import Analysis, find_schemas

_HOMES = {
    "ErrorInfo": "result",
    "ModelInfo": "result",
    "PromotionInfo": "result",
    "RunResult": "result",
    "StageResult": "result",
    "result_schema": "result",
    "Analysis": "schemas",
    "Reporter": "reporter",
    "Request": "request",
    "RunContext": "context",
    "RunProcess": "process",
    "check": "preparation",
    "find_schemas": "schemas",
    "fold": "record",
    "look_at_offsets": "offsets",
    "new_run_id": "process",
    "prepare": "preparation",
    "provenance": "lineage",
    "recover": "recovery",
    "shown_parameters": "lineage",
}

__all__ = [
    "Analysis",
    "ErrorInfo",
    "ModelInfo",
    "PromotionInfo",
    "Reporter",
    "Request",
    "RunContext",
    "RunProcess",
    "RunResult",
    "StageResult",
    "check",
    "find_schemas",
    "fold",
    "look_at_offsets",
    "new_run_id",
    "prepare",
    "provenance",
    "recover",
    "result_schema",
    "shown_parameters",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headrace.runner' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
