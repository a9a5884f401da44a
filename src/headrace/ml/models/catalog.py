"""What a registry holds: models, versions, the trainings behind them, and their files."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import InvalidCall, Json, did_you_mean
from headrace.ml.learning.loaded_model import output_type
from headrace.ml.tracking.records import Fetched, VersionInfo
from headrace.ml.tracking.registry import LABELS, known_model, labels_of, read_version, versions
from headrace.ml.tracking.runs import client_of
from headrace.ml.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["fetch_version", "list_models", "list_versions", "read_training", "resolve_version"]

TEXTS = (
    *("code/pipeline.yaml", "code/train.py", "code/stage.json", "code/versions.json"),
    *("data/inputs.json", "data/schema.json", "data/features.json", "split/split.json", "metrics/folds.json"),
    "promotion/decision.json",
)


def resolve_version(store: Store, model: str, selector: str) -> int:
    """The version behind ``version:3``, ``alias:champion`` or ``label:production``."""
    client = client_of(store)
    known_model(client, model)
    return _resolve(client, store, model, selector)


def _resolve(client: MlflowClient, store: Store, model: str, selector: str) -> int:
    kind, _, value = selector.partition(":")
    if kind == "version":
        return int(read_version(client, model, int(value)).version)
    aliases: Mapping[str, str] = client.get_registered_model(model).aliases
    found: int | None
    if kind == "alias":
        found = int(aliases[value]) if value in aliases else None
    else:
        found = labels_of(client, store).get(model, value)  # type: ignore[arg-type]
    if found is None:
        known = [each for each in (*LABELS, *aliases) if each != value]
        raise InvalidCall(
            "no-such-version",
            f"No version of '{model}' has the {'alias' if kind == 'alias' else 'label'} '{value}'.",
            hint=did_you_mean(value, known)
            or f"`headrace models show {model}` lists versions; `headrace models promote` puts one there.",
        )
    return found


def fetch_version(store: Store, model: str, selector: str, target: str) -> Fetched:
    """Downloads a version's files into ``target``, unless they are there from before."""
    from mlflow.artifacts import download_artifacts

    client = client_of(store)
    known_model(client, model)
    version = _resolve(client, store, model, selector)
    folder = Path(target) / hashlib.sha256(model.encode()).hexdigest()[:16] / str(version)
    if not (folder / "MLmodel").exists():
        folder.mkdir(parents=True, exist_ok=True)
        download_artifacts(artifact_uri=f"models:/{model}/{version}", dst_path=str(folder))
    return Fetched(version, str(folder), output_type(folder))


def list_models(store: Store) -> list[dict[str, Json]]:
    """Each model with its labels and how many versions it has."""
    client = client_of(store)
    labels = labels_of(client, store)
    found = []
    page = None
    while True:
        models = client.search_registered_models(max_results=200, page_token=page)
        for each in models:
            by_label: dict[str, Json] = {label: labels.get(each.name, label) for label in LABELS}
            count = len(client.search_model_versions(f"name='{each.name}'"))
            found.append(
                {"name": each.name, **by_label, "versions": count, "description": each.description or ""}
            )
        page = models.token
        if not page:
            return sorted(found, key=lambda model: model["name"])


def list_versions(store: Store, model: str) -> list[VersionInfo]:
    """Every version of a model with the metrics of its training, the highest first."""
    from dataclasses import replace

    client = client_of(store)
    return [
        replace(each, metrics=_metrics(client, each.tracking_run)) for each in versions(client, store, model)
    ]


def _metrics(client: MlflowClient, tracking_run: str | None) -> dict[str, float]:
    from mlflow.exceptions import MlflowException

    if not tracking_run:
        return {}
    try:
        return dict(client.get_run(tracking_run).data.metrics)
    except MlflowException:  # the run was deleted; the version lives on
        return {}


def read_training(store: Store, model: str, version: int) -> dict[str, Any]:
    """Everything on record about the training of a version: for comparing two of them."""
    from mlflow.exceptions import MlflowException

    client = client_of(store)
    known_model(client, model)
    found = read_version(client, model, version)
    try:
        run = client.get_run(found.run_id)
    except MlflowException:
        return {"parameters": {}, "metrics": {}, "tags": {}, "texts": {}, "version_tags": dict(found.tags)}
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        texts = {path: _text(client, found.run_id, path, folder) for path in TEXTS}
    return {
        "tracking_run": found.run_id,
        "parameters": dict(run.data.params),
        "metrics": dict(run.data.metrics),
        "tags": dict(run.data.tags),
        "texts": {path: text for path, text in texts.items() if text is not None},
        "version_tags": dict(found.tags),
    }


def _text(client: MlflowClient, run_id: str, path: str, folder: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        text = Path(client.download_artifacts(run_id, path, folder)).read_text()
    except (MlflowException, OSError):
        return None
    return json.loads(text) if path.endswith(".json") else text
