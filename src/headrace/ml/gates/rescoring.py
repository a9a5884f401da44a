"""A registered version scored again on somebody else's holdout, and how much of that holdout it has seen."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.ml.learning.loaded_model import load_model
from headrace.ml.learning.metrics import METRICS, score
from headrace.ml.spark.scoring import is_spark_model
from headrace.ml.tracking.records import HoldoutData, Scored
from headrace.ml.tracking.registry import labels_of, read_version
from headrace.ml.tracking.runs import client_of
from headrace.ml.tracking.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow import MlflowClient


__all__ = ["get_ready_to_score", "production_version", "score_version"]


class SparkNeeded(Exception):
    """The model can be loaded inside a Spark session only."""


SAME_SPLIT = ("fraction", "seed", "by", "columns")


def production_version(store: Store, model: str) -> int | None:
    """The version in production now."""
    return labels_of(client_of(store), store).get(model, "production")


def get_ready_to_score(store: Store, model: str) -> None:
    """Imports what a model in production will need, while the candidate is being trained."""
    if production_version(store, model) is not None:
        import sklearn.compose
        import sklearn.ensemble
        import sklearn.pipeline  # noqa: F401


def score_version(store: Store, model: str, version: int, holdout: HoldoutData) -> Scored:
    """The version's metrics on the holdout. One that cannot be scored there has none; ``why`` says so."""
    import pyarrow.parquet as pq

    client = client_of(store)
    found = read_version(client, model, version)
    table = pq.read_table(holdout.path)
    overlap, unknown = _overlap(client, found.run_id, holdout, table)
    try:
        metrics = _metrics(f"models:/{model}/{version}", holdout, table)
    except SparkNeeded:
        why = f"version {version} was trained by Spark and can be scored there only"
        return Scored(version, {}, overlap, why, table.num_rows, needs_spark=True)
    except Exception as error:  # whatever an old model says about new columns: the gate calls it unknown
        text = " ".join(str(error).split())[:300]
        return Scored(
            version, {}, overlap, f"version {version} cannot score this holdout: {text}", table.num_rows
        )
    return Scored(version, metrics, overlap, unknown, table.num_rows)


def _metrics(uri: str, holdout: HoldoutData, table: pa.Table) -> Mapping[str, float]:
    from mlflow.artifacts import download_artifacts

    from headrace.ml.learning.dataset import target_values

    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        files = Path(download_artifacts(artifact_uri=uri, dst_path=folder))
        if is_spark_model(files):
            raise SparkNeeded
        loaded = load_model(files)
        said = loaded.predict(table, holdout.task, holdout.classes)
    truth = target_values(table, holdout.target, holdout.task)  # type: ignore[arg-type]
    found = score(holdout.task, truth, said.values, said.probabilities, said.classes)
    return {name: found[name] for name in METRICS[holdout.task]}


def _overlap(
    client: MlflowClient, tracking_run: str | None, holdout: HoldoutData, table: pa.Table
) -> tuple[int | None, str]:
    """Holdout rows among the rows that a version was trained on, by their hashes."""
    import numpy as np

    from headrace.frames.row_hash import row_hashes

    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        theirs = _artifact(client, tracking_run, "split/split.json", folder)
        if theirs is None:
            return None, "its training has no split on record"
        split = json.loads(theirs.read_text())
        if _disjoint(split, holdout.split):
            return 0, ""
        missing = [name for name in split["columns"] if name not in table.schema.names]
        if missing:
            return None, f"it was trained on a column '{missing[0]}' that the holdout lacks"
        hashes = _artifact(client, tracking_run, "split/train_hashes.npy", folder)
        if hashes is None:
            return None, "the hashes of its training rows are not on record"
        mine = row_hashes(table, split["columns"], split["seed"]) >> np.uint64(1)
        return int(np.isin(mine, np.load(hashes)).sum()), ""


def _disjoint(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    """Both hold out the same part of the hash's range, so what one checks on no other has trained on."""
    by_hash = all(each.get("time_column") is None and not each.get("given") for each in (theirs, mine))
    return by_hash and all(theirs.get(name) == mine.get(name) for name in SAME_SPLIT)


def _artifact(client: MlflowClient, run_id: str | None, path: str, folder: str) -> Path | None:
    from mlflow.exceptions import MlflowException

    if not run_id:
        return None
    try:
        return Path(client.download_artifacts(run_id, path, folder))
    except (MlflowException, OSError):
        return None
