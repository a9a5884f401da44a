"""Permutation importance: how much worse the model gets when one column is shuffled (Breiman, 2001)."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .dataset import Feature, target_values, to_pandas
from .fitting import Predictions, predict
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
    return permutation_importance(
        lambda rows: predict(loaded, to_pandas(rows, features), data.task),
        table,
        data.target,
        data.task,
        features,
    )


def permutation_importance(
    say: Callable[[pa.Table], Predictions],
    table: pa.Table,
    target: str,
    task: Any,
    features: Sequence[Feature],
) -> pa.Table:
    """On at most 2,000 rows (sorted by hash, so any of them), three shuffles a feature; r2, or log loss.

    ``say`` gives a model's predictions of rows; where it has no probabilities, accuracy counts.
    """
    import numpy as np
    import pyarrow as pa

    part = table.slice(0, ROWS)
    truth = target_values(part, target, task)

    def scores(said: Predictions) -> dict[str, float]:
        return score(task, truth, said.values, said.probabilities, said.classes)

    said = say(part)
    sure = task == "regression" or said.probabilities is not None
    metric = default_metric(task) if sure else "accuracy"
    sign = 1 if HIGHER_IS_BETTER[metric] else -1
    whole = sign * scores(said)[metric]
    source = np.random.default_rng(0)
    rows = []
    for each in features:
        position = part.schema.get_field_index(each.name)
        losses = []
        for _ in range(REPEATS):
            mixed = part.column(position).take(pa.array(source.permutation(part.num_rows)))
            shuffled = part.set_column(position, part.schema.field(position), mixed)
            losses.append(whole - sign * scores(say(shuffled))[metric])
        rows.append((each.name, float(np.mean(losses)), float(np.std(losses)), metric))
    rows.sort(key=lambda row: -row[1])
    names = ("feature", "importance", "std", "metric")
    return pa.table({name: [row[position] for row in rows] for position, name in enumerate(names)})
