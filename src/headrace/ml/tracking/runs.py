"""Runs and models in MLflow, from inside the tracker process; the only module that writes to its store."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .logged_model import log_model
from .records import Registered, RunRecord, TrainingRecord
from .store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = [
    "client_of",
    "fail_dead_runs",
    "fail_run",
    "finish_run",
    "log_texts",
    "open_run",
    "run_ended_badly",
]

PARAMETER_LIMIT = 6000
INPUTS_LIMIT = 200
DIGEST_LENGTH = 36
TAG_LIMIT = 5000
RUN_TAG = "headrace.run_id"
STAGE_TAG = "headrace.stage"


def client_of(store: Store) -> MlflowClient:
    """A client of the store; MLflow's own global settings follow it, since its model code reads them."""
    import mlflow

    mlflow.set_tracking_uri(store.tracking_uri)
    mlflow.set_registry_uri(store.registry_uri)
    return mlflow.MlflowClient(store.tracking_uri, store.registry_uri)


def open_run(store: Store, record: RunRecord) -> str:
    """Begins a tracking run and logs what is known before training. Gives its id."""
    from mlflow.entities import Param, RunTag

    client = client_of(store)
    experiment = _experiment(client, store, record.experiment)
    tags = {RUN_TAG: record.headrace_run, STAGE_TAG: record.stage, **record.tags}
    name = f"{record.headrace_run} {record.stage}"
    run_id: str = client.create_run(experiment, run_name=name, tags={}).info.run_id
    client.log_batch(
        run_id,
        params=[Param(key, value[:PARAMETER_LIMIT]) for key, value in record.parameters.items()],
        tags=[RunTag(key, str(value)[:TAG_LIMIT]) for key, value in tags.items()],
    )
    _log_inputs(client, run_id, record)
    log_texts(client, run_id, record.texts)
    return run_id


def finish_run(store: Store, run_id: str, record: TrainingRecord) -> Registered:
    """Logs metrics and the model, registers it as the staging version, and ends the run."""
    from mlflow.entities import Metric, Param, RunTag

    from .registry import register

    client = client_of(store)
    client.log_batch(
        run_id,
        params=[Param(key, value[:PARAMETER_LIMIT]) for key, value in record.parameters.items()],
        tags=[RunTag(key, str(value)[:TAG_LIMIT]) for key, value in record.tags.items()],
    )
    logged = log_model(client, run_id, record.model)
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[
            Metric(key, value, now, step, model_id=logged.model_id if step == 0 else None)
            for key, value, step in record.metrics
        ],
    )
    log_texts(client, run_id, record.texts)
    for path, local in record.files.items():
        client.log_artifact(run_id, local, str(Path(path).parent))
    registered = Registered(run_id, logged.model_uri)
    if record.register_as:
        registered = register(client, store, registered, record)
    client.set_terminated(run_id, "FINISHED")
    return registered


def fail_run(store: Store, run_id: str, code: str, message: str, state: str = "FAILED") -> None:
    """Ends a run as failed (or ``KILLED``, when cancelled), and says why where people look."""
    client = client_of(store)
    client.set_tag(run_id, "headrace.error", f"{code}: {message}"[:TAG_LIMIT])
    client.set_terminated(run_id, state)


def run_ended_badly(store: Store, run_id: str, state: str) -> None:
    """The training was fine and the run it was part of was not: its record says so."""
    client = client_of(store)
    client.set_tag(run_id, "headrace.run_state", state)
    if client.get_run(run_id).info.status in ("RUNNING", "FINISHED"):
        client.set_terminated(run_id, "KILLED" if state == "cancelled" else "FAILED")


def fail_dead_runs(store: Store, dead: list[str]) -> list[str]:
    """Ends what is still shown as running of these runs of ours. Gives the tracking runs' ids."""
    client = client_of(store)
    experiments = [each.experiment_id for each in client.search_experiments()]
    ended: list[str] = []
    for run_id in dead:
        running = f"tags.`{RUN_TAG}` = '{run_id}' and attributes.status = 'RUNNING'"
        for found in client.search_runs(experiments, running):
            fail_run(
                store, found.info.run_id, "interrupted", "The run's process ended before the training did."
            )
            ended.append(found.info.run_id)
    return ended


def log_texts(client: MlflowClient, run_id: str, texts: Mapping[str, str]) -> None:
    """Several small artifacts in one upload per folder."""
    if not texts:
        return
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        for path, text in texts.items():
            local = Path(folder) / path
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_text(text)
        client.log_artifacts(run_id, folder)


def _experiment(client: MlflowClient, store: Store, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    where = {"artifact_location": store.artifacts.as_uri()} if store.embedded else {}
    try:
        return str(client.create_experiment(name, **where))
    except MlflowException:
        found = client.get_experiment_by_name(name)  # another run made it meanwhile
        if found is None:
            raise
        return str(found.experiment_id)


def _log_inputs(client: MlflowClient, run_id: str, record: RunRecord) -> None:
    """Every input object as a data set with its own digest; nothing is read again for it."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    datasets = []
    for each in record.inputs[:INPUTS_LIMIT]:
        digest = each.digest or each.version or hashlib.sha256(each.location.encode()).hexdigest()
        source = json.dumps({"uri": each.location, "version": each.version, "size": each.size})
        name = each.location.rstrip("/").rpartition("/")[2] or each.location
        profile = json.dumps({"num_rows": each.rows}) if each.rows is not None else None
        data = Dataset(name[:500], digest[:DIGEST_LENGTH], "headrace", source, profile=profile)
        datasets.append(DatasetInput(data, [InputTag("mlflow.data.context", "training")]))
    if datasets:
        client.log_inputs(run_id, datasets=datasets)
