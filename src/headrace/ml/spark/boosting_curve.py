"""The learning curve of Spark's boosted trees: one pass over the rows tells the loss after every round."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from headrace.ml.learning.learning_curve import Curve, points
from headrace.ml.learning.metrics import default_metric

if TYPE_CHECKING:
    from headrace.core import Frame, Run

__all__ = ["CURVE_ROWS", "boosting_curve"]

CURVE_ROWS = 10_000
"""Of each part; a curve over more looks the same, and a gate waits for it."""


def boosting_curve(model: Any, train: Frame, holdout: Frame, task: str, run: Run) -> Curve | None:
    """Of a fitted pipeline, over rows with what it was fitted to; ``None`` for learners without rounds."""
    if not hasattr(model.stages[-1], "evaluateEachIteration") or model.stages[-1].getNumTrees < 2:
        return None
    try:
        lines = [_line(model.stages, rows, task) for rows in (holdout, train)]
    except Exception as error:  # a picture that cannot be drawn is no reason to lose a model
        run.log.warning("there is no learning curve: %s", str(error)[:500])
        return None
    counts = points(len(lines[0]))
    held, trained = (tuple(line[count - 1] for count in counts) for line in lines)
    return Curve(default_metric(task), tuple(counts), held, trained)


def _line(stages: list[Any], rows: Frame, task: str) -> list[float]:
    """The metric after each round."""
    from pyspark.sql import functions as f

    *preparation, trees = stages
    label = f.col("`" + trees.getLabelCol().replace("`", "``") + "`").cast("double")
    prepared = rows if task == "regression" else rows.where(label >= 0)  # classes that were not learned
    for each in preparation:
        prepared = each.transform(prepared)
    if task != "regression":
        # Spark's loss is 2 log(1 + exp(-2yF)), its probability 1 / (1 + exp(-2F)): twice the log loss.
        return [loss / 2 for loss in trees.evaluateEachIteration(prepared)]
    row = rows.select(f.var_pop(label)).first()
    spread = float(row[0] or 0) if row is not None else 0
    squares = trees.evaluateEachIteration(prepared, "squared")
    return [1 - square / spread if spread else math.nan for square in squares]
