"""What the tracker process can be asked for, by name. Imported there only: it brings MLflow with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# Importing these is what this process is for: a training that has ended must not wait for them.
import mlflow.models  # noqa: TID253
import mlflow.pyfunc  # noqa: TID253
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401, TID253

from headrace.ml.gates import decisions, rescoring
from headrace.ml.models import catalog
from headrace.ml.tracking import runs, unlogged_model

__all__ = ["SERVICES"]

SERVICES: Mapping[str, Callable[..., Any]] = {
    "open_run": runs.open_run,
    "finish_run": runs.finish_run,
    "fail_run": runs.fail_run,
    "run_ended_badly": runs.run_ended_badly,
    "fail_dead_runs": runs.fail_dead_runs,
    "fetch_version": catalog.fetch_version,
    "list_models": catalog.list_models,
    "list_versions": catalog.list_versions,
    "read_training": catalog.read_training,
    "resolve_version": catalog.resolve_version,
    "get_ready_to_score": rescoring.get_ready_to_score,
    "importance_with_file": unlogged_model.importance_with_file,
    "predict_with_file": unlogged_model.predict_with_file,
    "production_version": rescoring.production_version,
    "score_version": rescoring.score_version,
    "promote_version": decisions.promote_version,
    "record_decision": decisions.record_decision,
    "restore_production": decisions.restore_production,
}
