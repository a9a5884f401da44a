"""What a model would say with fewer rounds of boosting, or fewer trees: its learning curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .fitting import Predictions
from .metrics import default_metric, score

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Curve", "Stage", "curve_of", "points", "stages"]

POINTS = 60
Stage = tuple[int, Predictions]
"""After how many rounds, or with how many trees; and the predictions then."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric after some rounds of boosting, or with some trees."""

    metric: str
    rounds: tuple[int, ...]
    holdout: tuple[float, ...]
    train: tuple[float, ...] = ()
    """On the training rows, where the learner says it cheaply."""

    def table(self) -> tuple[list[str], list[list[float]]]:
        """Names of columns, and a row per point."""
        lines = {"holdout": self.holdout, "train": self.train}
        known = {name: values for name, values in lines.items() if values}
        rows = [list(row) for row in zip(self.rounds, *known.values(), strict=True)]
        return ["rounds", *(f"{name} {self.metric}" for name in known)], rows


def curve_of(found: Sequence[Stage], task: str, truth: Any) -> Curve | None:
    """The metric that a search looks at, of what was said at each stage; one stage alone is no curve."""
    if len(found) < 2:
        return None
    metric = default_metric(task)
    scores = (score(task, truth, said.values, said.probabilities, said.classes) for _, said in found)
    return Curve(metric, tuple(count for count, _ in found), tuple(each[metric] for each in scores))


def stages(pipeline: Any, frame: pd.DataFrame, task: str) -> list[Stage]:
    """At most 60 of them, the last one included; none for learners that have no rounds."""
    prepared = pipeline[:-1].transform(frame)
    model = pipeline[-1]
    home = type(model).__module__.partition(".")[0]
    if home == "lightgbm":
        return _asked(model, prepared, task, model.n_estimators_, lambda count: {"num_iteration": count})
    inner = getattr(model, "classifier", model)  # labels of any kind around one that wants numbers
    if type(inner).__module__.partition(".")[0] == "xgboost":
        rounds = inner.get_booster().num_boosted_rounds()
        found = _asked(inner, prepared, task, rounds, lambda count: {"iteration_range": (0, count)})
        return [(count, _renamed(said, getattr(model, "classes_", None))) for count, said in found]
    every = list(_rounds(model, prepared, task))
    return [(count, every[count - 1]) for count in points(len(every))]


def _asked(
    model: Any, prepared: Any, task: str, rounds: int, words: Callable[[int], dict[str, Any]]
) -> list[Stage]:
    """Of a model that can be asked to leave out its last rounds."""
    counts = points(rounds)
    if task == "regression":
        return [(count, Predictions(model.predict(prepared, **words(count)))) for count in counts]
    return [(count, _likeliest(model, model.predict_proba(prepared, **words(count)))) for count in counts]


def _renamed(said: Predictions, classes: Any) -> Predictions:
    """Numbers of classes as the classes themselves."""
    if classes is None or said.probabilities is None:
        return said
    return Predictions(classes[said.values.astype(int)], said.probabilities, tuple(classes.tolist()))


def points(rounds: int) -> list[int]:
    """Counts of rounds, evenly apart, that end with all of them."""
    return list(range(rounds, 0, -max(1, -(-rounds // POINTS))))[::-1]


def _likeliest(model: Any, spread: Any) -> Predictions:
    import numpy as np

    classes = np.asarray(model.classes_)
    return Predictions(classes[spread.argmax(axis=1)], spread, tuple(classes.tolist()))


def _rounds(model: Any, prepared: Any, task: str) -> Iterator[Predictions]:
    """Of scikit-learn's own learners."""
    import numpy as np

    regression = task == "regression"
    if regression and hasattr(model, "staged_predict"):
        yield from (Predictions(values) for values in model.staged_predict(prepared))
    elif not regression and hasattr(model, "staged_predict_proba"):
        yield from (_likeliest(model, spread) for spread in model.staged_predict_proba(prepared))
    elif hasattr(model, "estimators_"):
        total: Any = 0
        for count, tree in enumerate(model.estimators_, 1):
            total = total + np.asarray(tree.predict(prepared) if regression else tree.predict_proba(prepared))
            yield Predictions(total / count) if regression else _likeliest(model, total / count)
