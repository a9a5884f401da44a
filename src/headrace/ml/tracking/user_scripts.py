"""MLflow calls in user code, sent to the project's store instead of wherever the command was started."""

from __future__ import annotations

import os
from pathlib import Path

from headrace.core import TrackingSettings

from .store import Store, make_ready, own_store, store_of

__all__ = ["lend_store", "lend_throwaway_store"]

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}


def lend_store(folder: Path, tracking: TrackingSettings, experiment: str) -> None:
    """Code of this process that says ``mlflow.start_run()`` reaches the project's store from here on."""
    store = store_of(folder, tracking)
    _lend(store, store.experiment or experiment)


def lend_throwaway_store(folder: Path, experiment: str) -> None:
    """The same for a preview, which leaves no trace: a store that goes with ``folder``."""
    _lend(own_store(folder), experiment)


def _lend(store: Store, experiment: str) -> None:
    make_ready(store)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_TRACKING_URI"] = store.tracking_uri
    os.environ["MLFLOW_REGISTRY_URI"] = store.registry_uri
    os.environ["MLFLOW_EXPERIMENT_NAME"] = experiment
    if store.embedded:
        # What MLflow's own server tells its children; without it artifacts land in ./mlruns.
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = store.artifacts.as_uri()
