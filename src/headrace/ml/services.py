"""What the tracker process can be asked for, by name. Imported there only: it brings MLflow with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mlflow  # noqa: TID253  # importing it is what this process is for
import mlflow.sklearn  # noqa: F401, TID253

from . import decisions, rescoring, tracking

__all__ = ["SERVICES"]

SERVICES: Mapping[str, Callable[..., Any]] = {
    "open_run": tracking.open_run,
    "finish_run": tracking.finish_run,
    "fail_run": tracking.fail_run,
    "fail_dead_runs": tracking.fail_dead_runs,
    "production_version": rescoring.production_version,
    "score_version": rescoring.score_version,
    "promote_version": decisions.promote_version,
    "record_decision": decisions.record_decision,
    "restore_production": decisions.restore_production,
}
