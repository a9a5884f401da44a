"""Permutation importance: how much worse the model gets when one column is shuffled (Breiman, 2001)."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .dataset import Feature, target_values, to_pandas
from .fitting import predict
from .metrics import HIGHER_IS_BETTER, default_metric, score

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.ml.tracking.records import HoldoutData

__all__ = ["IMPORTANCE_DDL", "importance_of", "permutation_importance"]

IMPORTANCE_DDL = "feature string, importance double, std double, metric string"
ROWS = 2000
REPEATS = 3


def importance_of(
    model: bytes, holdout: bytes | str, data: HoldoutData, features: Sequence[Feature]
) -> pa.Table:
    """Importance of a pickled model's features on a holdout file, the most important first."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(holdout) if isinstance(holdout, bytes) else holdout)
    loaded = pickle.loads(model)  # noqa: S301  # written by our own training
    return permutation_importance(loaded, table, data.target, data.task, features)


def permutation_importance(
    model: Any, table: pa.Table, target: str, task: Any, features: Sequence[Feature]
) -> pa.Table:
    """On at most 2,000 rows (sorted by hash, so any of them), three shuffles a feature; r2, or log loss."""
    import numpy as np
    import pyarrow as pa

    part = table.slice(0, ROWS)
    frame = to_pandas(part, features)
    truth = target_values(part, target, task)
    metric = default_metric(task) if task == "regression" or hasattr(model, "predict_proba") else "accuracy"
    sign = 1 if HIGHER_IS_BETTER[metric] else -1

    def merit() -> float:
        said = predict(model, frame, task)
        return sign * score(task, truth, said.values, said.probabilities, said.classes)[metric]

    source = np.random.default_rng(0)
    whole = merit()
    rows = []
    for each in features:
        kept = frame[each.name]
        losses = []
        for _ in range(REPEATS):
            frame[each.name] = kept.to_numpy()[source.permutation(len(frame))]
            losses.append(whole - merit())
        frame[each.name] = kept
        rows.append((each.name, float(np.mean(losses)), float(np.std(losses)), metric))
    rows.sort(key=lambda row: -row[1])
    names = ("feature", "importance", "std", "metric")
    return pa.table({name: [row[position] for row in rows] for position, name in enumerate(names)})
