"""One training: read, split, search, fit, check against the holdout, track, register."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from headrace.core import ModelRegistered
from headrace.ml.learning.algorithms import Learner, requirements
from headrace.ml.learning.dataset import target_values, to_pandas
from headrace.ml.learning.fitting import Evaluation, cross_validate, fit, predict, threads_for
from headrace.ml.learning.material import Material, Trained, read_material
from headrace.ml.learning.metrics import default_metric, score
from headrace.ml.learning.search import best, candidates
from headrace.ml.spark.model import write_spark_model
from headrace.ml.spark.training import learn_on_spark
from headrace.ml.tracking.holdouts import leave_holdout
from headrace.ml.tracking.model_file import write_model
from headrace.ml.tracking.tracked_run import TrackedRun

from .results import result_frames, write_holdout
from .user_code import learn_by_code

if TYPE_CHECKING:
    from headrace.core import Frame, Json, Run
    from headrace.ml.learning.specification import Specification
    from headrace.ml.tracking.records import Registered

__all__ = ["train"]


def train(spec: Specification, frame: Frame, holdout: Frame | None, run: Run) -> Mapping[str, Frame]:
    """Trains as asked and gives the frames ``model``, ``predictions`` and ``importance``.

    Everything is on record in MLflow, a failure included. Raises ``DataRefused`` where the data cannot be
    learned from, ``RunFailed`` where the library refuses, ``Unavailable`` where the tracking server is away.
    """
    with TrackedRun(spec, run) as tracked:
        material, trained = _learned(spec, frame, holdout, run, tracked)
        run.check_cancelled()
        data = write_holdout(spec, material, trained, run)
        if trained.flavor == "spark":
            file = write_spark_model(trained, material, run.scratch)
        else:
            file = write_model(trained.model, material, run.scratch, trained.requirements, trained.flavor)
        registered = tracked.finish(material, trained, data, file)
        leave_holdout(run, registered.tracking_run, data)
        announce(spec, trained, registered, run)
        return result_frames(spec, material, trained, registered, data, file, run)


def _learned(
    spec: Specification, frame: Frame, holdout: Frame | None, run: Run, tracked: TrackedRun
) -> tuple[Material, Trained]:
    if spec.library == "spark_ml":
        tracked.reach()
        return learn_on_spark(spec, frame, holdout, run)
    material = read_material(spec, frame, holdout, run)
    tracked.reach()
    run.check_cancelled()
    return material, learn_by_code(spec, material, run) if spec.code else learn(spec, material, run)


def learn(spec: Specification, material: Material, run: Run) -> Trained:
    """The best candidate, fitted on all training rows."""
    began = time.monotonic()
    base = Learner(spec.algorithm, spec.library, material.task, spec.parameters, spec.split.seed)
    tried = candidates(base, spec.search, spec.search_draws)
    evaluations: Sequence[Evaluation] = ()
    chosen, model = 0, None
    threads = threads_for(len(material.frame))

    def fit_all(learner: Learner) -> Any:
        return fit(learner, material.features, material.frame, material.target, threads=threads)

    if material.parts.folds:
        # Without a search the final fit need not wait for the folds.
        beside = partial(fit_all, tried[0]) if len(tried) == 1 and threads == 1 else None
        evaluations, model = cross_validate(
            tried,
            material.features,
            material.frame,
            material.target,
            material.parts.folds,
            run.check_cancelled,
            beside,
        )
        chosen = best(evaluations, spec.search_metric or default_metric(material.task))
    learner = tried[chosen]
    if model is None:
        model = fit_all(learner)
    said = predict(model, to_pandas(material.parts.holdout, material.features), material.task)
    truth = target_values(material.parts.holdout, spec.target, material.task)
    metrics = score(material.task, truth, said.values, said.probabilities, said.classes)
    seconds = time.monotonic() - began
    return Trained(model, learner, tuple(evaluations), chosen, said, metrics, seconds, requirements(learner))


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
    """Holdout metrics by name and means over folds as ``cv.<name>``; what is not a number is ``None``."""
    numbers = {**trained.metrics, **{f"cv.{name}": value for name, value in trained.cv.items()}}
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}
