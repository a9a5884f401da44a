"""Metrics: what they are called, which way is better, and how they are computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["HIGHER_IS_BETTER", "METRICS", "Task", "default_metric", "metric_names", "score"]

Task = Literal["regression", "binary", "multiclass"]

REGRESSION = ("r2", "rmse", "mae", "mape")
CLASSIFICATION = ("accuracy", "f1", "precision", "recall", "log_loss", "roc_auc", "pr_auc")
METRICS: Mapping[str, tuple[str, ...]] = {
    "regression": REGRESSION,
    "binary": CLASSIFICATION,
    "multiclass": CLASSIFICATION,
}
HIGHER_IS_BETTER: Mapping[str, bool] = {
    **dict.fromkeys((*REGRESSION, *CLASSIFICATION), True),
    **dict.fromkeys(("rmse", "mae", "mape", "log_loss"), False),
}
"""The direction of each metric."""


def metric_names(tasks: Sequence[str]) -> tuple[str, ...]:
    """The metrics that any of these tasks has, in order."""
    return tuple(dict.fromkeys(name for task in tasks for name in METRICS[task]))


def default_metric(task: str) -> str:
    """What a search looks at unless told: r2, or log loss."""
    return "r2" if task == "regression" else "log_loss"


def score(
    task: str,
    truth: Any,
    predicted: Any,
    probabilities: Array | None = None,
    classes: Sequence[Any] = (),
) -> dict[str, float]:
    """Every metric of the task; NaN where it is not defined (one class, no probabilities, a constant target).

    ``classes`` are in the order of the columns of ``probabilities``. For binary tasks the last class is the
    positive one; for multiclass tasks f1, precision and recall are unweighted means over the classes, the
    areas those of one class against the rest.
    """
    import numpy as np

    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if not len(truth):
        return dict.fromkeys(METRICS[task], math.nan)
    if task == "regression":
        return _regression(truth.astype(float), predicted.astype(float))
    return _classification(task, truth, predicted, probabilities, list(classes))


def _regression(truth: Array, predicted: Array) -> dict[str, float]:
    import numpy as np

    with np.errstate(all="ignore"):
        error = predicted - truth
        spread = float(np.sum((truth - truth.mean()) ** 2))
        squares = float(np.sum(error**2))
        away = truth != 0
        return {
            "r2": 1 - squares / spread if spread > 0 else math.nan,
            "rmse": math.sqrt(squares / len(truth)),
            "mae": float(np.mean(np.abs(error))),
            "mape": float(np.mean(np.abs(error[away] / truth[away]))) if away.any() else math.nan,
        }


def _classification(
    task: str, truth: Array, predicted: Array, probabilities: Array | None, classes: list[Any]
) -> dict[str, float]:
    import numpy as np
    from sklearn.metrics import precision_recall_fscore_support

    known = sorted({*map(_plain, truth), *map(_plain, predicted), *map(_plain, classes)}, key=_sort_key)
    position = {each: number for number, each in enumerate(known)}
    true = np.array([position[_plain(each)] for each in truth])
    guess = np.array([position[_plain(each)] for each in predicted])
    binary = task == "binary" and len(known) <= 2
    how: dict[str, Any] = (
        {"average": "binary", "pos_label": len(known) - 1}
        if binary and len(known) == 2
        else {"average": "macro"}
    )
    precision, recall, f1, _ = precision_recall_fscore_support(true, guess, zero_division=0, **how)
    found = {
        "accuracy": float(np.mean(true == guess)),
        "f1": float(f1),
        "precision": float(precision),
        "recall": float(recall),
    }
    nothing = dict.fromkeys(("log_loss", "roc_auc", "pr_auc"), math.nan)
    if probabilities is None:
        return found | nothing
    spread = np.zeros((len(true), len(known)))
    for column, each in enumerate(classes):
        spread[:, position[_plain(each)]] = probabilities[:, column]
    return found | nothing | _ranking(true, spread, binary=binary)


def _ranking(true: Array, spread: Array, *, binary: bool) -> dict[str, float]:
    """Log loss and areas under curves of a probability per class."""
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score

    chosen = np.clip(spread[np.arange(len(true)), true], 1e-15, 1)
    found = {"log_loss": float(-np.mean(np.log(chosen)))}
    columns = [spread.shape[1] - 1] if binary else list(range(spread.shape[1]))
    present = [each for each in columns if 0 < int(np.sum(true == each)) < len(true)]
    if present and len(present) == len(columns):
        roc = [float(roc_auc_score(true == each, spread[:, each])) for each in present]
        area = [float(average_precision_score(true == each, spread[:, each])) for each in present]
        found |= {"roc_auc": float(np.mean(roc)), "pr_auc": float(np.mean(area))}
    return found


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python's own, so that labels compare alike wherever they come from."""
    return value.item() if hasattr(value, "item") else value


def _sort_key(value: Any) -> tuple[str, Any]:
    return ("number", float(value)) if isinstance(value, int | float) else ("text", str(value))
