"""Predictions after each round of a boosted model, or with each more tree of a forest: its learning curve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .fitting import Predictions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["stages"]

POINTS = 60


def stages(pipeline: Any, frame: pd.DataFrame, task: str) -> list[Predictions]:
    """At most 60 of them, the last one included; none for learners that have no rounds."""
    prepared = pipeline[:-1].transform(frame)
    every = list(_rounds(pipeline[-1], prepared, task))
    step = max(1, len(every) // POINTS)
    return every[::-1][::step][::-1]


def _rounds(model: Any, prepared: Any, task: str) -> Iterator[Predictions]:
    import numpy as np

    if task == "regression":
        if hasattr(model, "staged_predict"):
            yield from (Predictions(values) for values in model.staged_predict(prepared))
        elif hasattr(model, "estimators_"):
            trees = np.asarray([tree.predict(prepared) for tree in model.estimators_])
            counts = np.arange(1, len(trees) + 1)[:, None]
            yield from (Predictions(values) for values in np.cumsum(trees, axis=0) / counts)
    elif hasattr(model, "staged_predict_proba"):
        classes = np.asarray(model.classes_)
        for spread in model.staged_predict_proba(prepared):
            yield Predictions(classes[spread.argmax(axis=1)], spread, tuple(classes.tolist()))
