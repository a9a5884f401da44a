"""One training: read, split, search, fit, check against the holdout, track, register."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headrace.core import ModelRegistered

from .algorithms import Learner, requirements
from .dataset import Feature, check_target, collect, features_of, infer_task, target_values, to_pandas
from .fitting import Evaluation, Predictions, cross_validate, fit, means, predict, threads_for
from .holdouts import leave_holdout
from .metrics import default_metric, score
from .model_file import write_model
from .results import result_frames, write_holdout
from .search import best, candidates
from .splits import Parts, split
from .tracked_run import TrackedRun

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from headrace.core import Frame, Json, Run

    from .metrics import Task
    from .records import Registered
    from .specification import Specification

    Array = np.ndarray[Any, Any]

__all__ = ["Trained", "train"]


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

    @property
    def cv(self) -> dict[str, float]:
        """Means and deviations over the folds of the chosen candidate."""
        return means(self.evaluations[self.chosen].folds) if self.evaluations else {}


def train(spec: Specification, frame: Frame, holdout: Frame | None, run: Run) -> Mapping[str, Frame]:
    """Trains as asked and gives the frames ``model``, ``predictions`` and ``importance``.

    Everything is on record in MLflow, a failure included. Raises ``DataRefused`` where the data cannot be
    learned from, ``RunFailed`` where the library refuses, ``Unavailable`` where the tracking server is away.
    """
    with TrackedRun(spec, run) as tracked:
        material = read(spec, frame, holdout, run)
        run.check_cancelled()
        trained = learn(spec, material, run)
        run.check_cancelled()
        data = write_holdout(spec, material, trained, run)
        file = write_model(trained.model, trained.learner, material, run.scratch, requirements(trained.learner))
        registered = tracked.finish(material, trained, data, file)
        leave_holdout(run, registered.tracking_run, data)
        announce(spec, trained, registered, run)
        return result_frames(spec, material, trained, registered, data, file, run)


def read(spec: Specification, frame: Frame, holdout: Frame | None, run: Run) -> Material:
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


def learn(spec: Specification, material: Material, run: Run) -> Trained:
    """The best candidate, fitted on all training rows."""
    began = time.monotonic()
    base = Learner(spec.algorithm, spec.library, material.task, spec.parameters, spec.split.seed)
    tried = candidates(base, spec.search, spec.search_draws)
    evaluations: Sequence[Evaluation] = ()
    chosen = 0
    if material.parts.folds:
        evaluations = cross_validate(
            tried, material.features, material.frame, material.target, material.parts.folds, run.check_cancelled
        )
        chosen = best(evaluations, spec.search_metric or default_metric(material.task))
    learner = tried[chosen]
    threads = threads_for(len(material.frame))
    model = fit(learner, material.features, material.frame, material.target, threads=threads)
    said = predict(model, to_pandas(material.parts.holdout, material.features), material.task)
    truth = target_values(material.parts.holdout, spec.target, material.task)
    metrics = score(material.task, truth, said.values, said.probabilities, said.classes)
    return Trained(model, learner, tuple(evaluations), chosen, said, metrics, time.monotonic() - began)


def announce(spec: Specification, trained: Trained, registered: Registered, run: Run) -> None:
    """Tells whoever watches that there is a model."""
    run.emit(
        ModelRegistered(
            stage=run.stage,
            model=registered.model,
            version=registered.version,
            metrics=shown_metrics(trained),
            run_id=registered.tracking_run,
        )
    )
    name = f"{registered.model} version {registered.version}" if registered.model else "a model"
    told = ", ".join(f"{metric} {value:.6g}" for metric, value in trained.metrics.items())
    run.log.info("trained %s on %s: %s", name, spec.target, told)


def shown_metrics(trained: Trained) -> dict[str, Json]:
    """Holdout metrics by name and means over folds as ``cv.<name>``; NaN stays NaN."""
    return {**trained.metrics, **{f"cv.{name}": value for name, value in trained.cv.items()}}
