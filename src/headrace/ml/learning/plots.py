"""Pictures of how a model does on its holdout."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from .fitting import Predictions
    from .learning_curve import Curve

    Array = np.ndarray[Any, Any]

__all__ = ["draw", "possible"]


def possible() -> bool:
    """Whether the ``plots`` extra is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(task: str, truth: Array, said: Predictions, curve: Curve | None) -> Iterator[tuple[str, bytes]]:
    """Name and PNG of each picture; none where matplotlib is not installed."""
    if not possible():
        return
    if task == "regression":
        yield "predicted_against_actual", _png(_predicted_against_actual, truth, said.values)
        yield "residuals", _png(_residuals, truth, said.values)
    else:
        yield "confusion_matrix", _png(_confusion, truth, said.values)
        if said.probabilities is not None:
            yield "roc", _png(_roc, truth, said)
    if curve is not None:
        yield "learning_curve", _png(_learning_curve, curve)


def _png(paint: Any, *arguments: Any) -> bytes:
    """One figure, without pyplot's global state."""
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    paint(axes, *arguments)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=90)
    return stream.getvalue()


def _predicted_against_actual(axes: Any, truth: Array, values: Array) -> None:
    low, high = float(min(truth.min(), values.min())), float(max(truth.max(), values.max()))
    axes.plot([low, high], [low, high], color="0.6", linewidth=1)
    axes.scatter(truth, values, s=6, alpha=0.4)
    axes.set(xlabel="actual", ylabel="predicted", title="Predicted against actual (holdout)")


def _residuals(axes: Any, truth: Array, values: Array) -> None:
    axes.axhline(0, color="0.6", linewidth=1)
    axes.scatter(values, truth - values, s=6, alpha=0.4)
    axes.set(xlabel="predicted", ylabel="actual - predicted", title="Residuals (holdout)")


def _confusion(axes: Any, truth: Array, values: Array) -> None:
    from sklearn.metrics import ConfusionMatrixDisplay

    ConfusionMatrixDisplay.from_predictions(truth, values, ax=axes, colorbar=False)
    axes.set_title("Confusion matrix (holdout)")


def _roc(axes: Any, truth: Array, said: Predictions) -> None:
    from sklearn.metrics import roc_curve

    assert said.probabilities is not None
    columns = [len(said.classes) - 1] if len(said.classes) == 2 else range(len(said.classes))
    for column in columns:
        wrong, right, _ = roc_curve(truth == said.classes[column], said.probabilities[:, column])
        axes.plot(wrong, right, label=str(said.classes[column]))
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC (holdout)")
    axes.legend(title="class")


def _learning_curve(axes: Any, curve: Curve) -> None:
    axes.plot(curve.rounds, curve.holdout, label="holdout")
    where = " (holdout)"
    if curve.train:
        axes.plot(curve.rounds, curve.train, label="training rows")
        axes.legend()
        where = ""
    axes.set(xlabel="rounds, or trees", ylabel=f"{curve.metric}{where}", title="Learning curve")
