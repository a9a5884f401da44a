"""What a training learns from, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .dataset import Feature, check_target, collect, features_of, infer_task, target_values, to_pandas
from .fitting import Evaluation, Predictions, means
from .splits import Parts, split

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from headrace.core import Frame, Json, Run

    from .algorithms import Learner
    from .learning_curve import Curve
    from .metrics import Task
    from .specification import Specification

    Array = np.ndarray[Any, Any]

__all__ = ["Material", "Trained", "read_material"]


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to learn from, in memory."""

    task: Task
    features: tuple[Feature, ...]
    parts: Parts
    frame: pd.DataFrame = field(repr=False)
    target: Array = field(repr=False)
    classes: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, how it was chosen, and what it says about the holdout."""

    model: Any = field(repr=False)
    learner: Learner
    evaluations: tuple[Evaluation, ...]
    chosen: int
    predictions: Predictions = field(repr=False)
    metrics: Mapping[str, float]
    seconds: float
    requirements: tuple[str, ...]
    """What has to be installed where the model is loaded."""
    flavor: str = "sklearn"
    """MLflow's name for the kind of model."""
    curve: Curve | None = field(default=None, repr=False)
    """Its learning curve, where it cannot be asked for one later."""

    @property
    def cv(self) -> dict[str, float]:
        """Means and deviations over the folds of the chosen candidate."""
        return means(self.evaluations[self.chosen].folds) if self.evaluations else {}


def read_material(spec: Specification, frame: Frame, holdout: Frame | None, run: Run) -> Material:
    """The data in memory, checked and split."""
    table = collect(frame, spec.memory_limit)
    run.counted(rows_in=table.num_rows)
    features = features_of(table, spec.target, spec.ignore, spec.features)
    task = spec.task or infer_task(table, spec.target)
    check_target(table, spec.target, task)
    given = collect(holdout, spec.memory_limit) if holdout is not None else None
    parts = split(table, spec.split, given)
    target = target_values(parts.train, spec.target, task)
    return Material(task, features, parts, to_pandas(parts.train, features), target, _classes(target, task))


def _classes(target: Array, task: str) -> tuple[Json, ...]:
    import numpy as np

    return () if task == "regression" else tuple(np.unique(target).tolist())
