"""Fits: folds and candidates in parallel over the cores, each with one OpenMP thread."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Json, RunFailed

from .algorithms import Learner, build
from .metrics import score

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .dataset import Feature
    from .splits import Fold

    Array = np.ndarray[Any, Any]

__all__ = ["Evaluation", "Predictions", "cross_validate", "fit", "means", "predict", "threads_for"]

ROWS_FOR_MORE_THREADS = 100_000
"""Below it, OpenMP's threads wait for each other longer than they work, many times so on a busy machine."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says about rows; probabilities have one column per class."""

    values: Array
    probabilities: Array | None = None
    classes: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One candidate's metrics, fold by fold."""

    parameters: Mapping[str, Json]
    folds: tuple[Mapping[str, float], ...]


def threads_for(rows: int) -> int:
    """How many threads a single fit on that many rows is given."""
    return cores() if rows >= ROWS_FOR_MORE_THREADS else 1


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fit(
    learner: Learner, features: Sequence[Feature], frame: pd.DataFrame, target: Array, *, threads: int
) -> Any:
    """A fitted pipeline. Raises ``RunFailed`` (``training-failed``) with what the library said."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(threads, user_api="openmp"):
            return build(learner, features, threads=threads).fit(frame, target)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _said(error) from error


def _said(error: Exception) -> RunFailed:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return RunFailed("training-failed", f"The library refused to train: {lines[0][:500]}")


def predict(model: Any, frame: pd.DataFrame, task: str) -> Predictions:
    """Predictions of any model with scikit-learn's methods."""
    import numpy as np

    if task == "regression" or not hasattr(model, "predict_proba"):
        return Predictions(np.asarray(model.predict(frame)))
    spread = np.asarray(model.predict_proba(frame))
    classes = np.asarray(model.classes_)
    return Predictions(classes[spread.argmax(axis=1)], spread, tuple(classes.tolist()))


def cross_validate(
    candidates: Sequence[Learner],
    features: Sequence[Feature],
    frame: pd.DataFrame,
    target: Array,
    folds: Sequence[Fold],
    check_cancelled: Callable[[], None],
    beside: Callable[[], Any] | None = None,
) -> tuple[list[Evaluation], Any]:
    """Every candidate on every fold, preparation learned in each anew; and what ``beside`` gives."""
    _check_folds(candidates, target, folds)

    def one(candidate: Learner, fold: Fold) -> dict[str, float]:
        fitted_on, checked = fold
        model = fit(candidate, features, frame.iloc[fitted_on], target[fitted_on], threads=1)
        said = predict(model, frame.iloc[checked], candidate.task)
        return score(candidate.task, target[checked], said.values, said.probabilities, said.classes)

    jobs: list[Callable[[], Any]] = [partial(one, each, fold) for each in candidates for fold in folds]
    aside, *found = in_parallel([beside or _nothing, *jobs], check_cancelled)
    count = len(folds)
    return [
        Evaluation(candidate.parameters, tuple(found[number * count : (number + 1) * count]))
        for number, candidate in enumerate(candidates)
    ], aside


def _nothing() -> None:
    return None


def in_parallel(jobs: Iterable[Callable[[], Any]], check_cancelled: Callable[[], None]) -> list[Any]:
    """What each job gives, in order; in threads, since learners release the interpreter lock."""
    pool = ThreadPoolExecutor(cores(), thread_name_prefix="fit")
    try:
        futures: list[Future[Any]] = [pool.submit(job) for job in jobs]
        waiting: set[Future[Any]] = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            check_cancelled()
            for each in done:
                each.result()
        return [each.result() for each in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def means(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean and standard deviation over the folds: ``r2`` and ``r2_std``."""
    found: dict[str, float] = {}
    for name in folds[0] if folds else ():
        values = [fold[name] for fold in folds]
        mean = math.fsum(values) / len(values)
        found[name] = mean
        found[f"{name}_std"] = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return found


def _check_folds(candidates: Sequence[Learner], target: Array, folds: Sequence[Fold]) -> None:
    import numpy as np

    if candidates[0].task == "regression":
        return
    for fitted_on, _ in folds:
        if len(np.unique(target[fitted_on])) < 2:
            raise DataRefused(
                "fold-with-one-class",
                "The rows that one of the folds is fitted on are all of one class.",
                hint="Use fewer 'cv_folds', or more rows of the rare classes.",
            )
