"""Learners under one set of names: what their users know as ``max_iter`` is ``n_estimators`` elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import InvalidCall, Json

from . import portable
from .preparation import Style, categorical_positions, preparation

if TYPE_CHECKING:
    from .dataset import Feature
    from .metrics import Task

__all__ = [
    "ALGORITHMS",
    "LIBRARIES",
    "PARAMETERS",
    "Algorithm",
    "Learner",
    "Library",
    "build",
    "parameter_names",
    "requirements",
]

Algorithm = Literal["gradient_boosted_trees", "random_forest", "decision_tree", "linear"]
Library = Literal["scikit_learn", "xgboost", "lightgbm", "spark_ml"]

TREE = {"max_depth": "max_depth", "min_samples_leaf": "min_samples_leaf", "max_leaf_nodes": "max_leaf_nodes"}
XGBOOST = {
    "max_iter": "n_estimators",
    "max_depth": "max_depth",
    "learning_rate": "learning_rate",
    "min_samples_leaf": "min_child_weight",
    "max_leaf_nodes": "max_leaves",
    "max_features": "colsample_bytree",
    "subsample": "subsample",
    "l1": "reg_alpha",
    "l2": "reg_lambda",
}
LIGHTGBM = XGBOOST | {"min_samples_leaf": "min_child_samples", "max_leaf_nodes": "num_leaves"}

NAMES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "scikit_learn": {
        "gradient_boosted_trees": TREE
        | {
            "max_iter": "max_iter",
            "learning_rate": "learning_rate",
            "max_features": "max_features",
            "l2": "l2_regularization",
            "early_stopping": "early_stopping",
        },
        "random_forest": TREE
        | {"max_iter": "n_estimators", "max_features": "max_features", "subsample": "max_samples"},
        "decision_tree": TREE | {"max_features": "max_features"},
        "linear": {"max_iter": "max_iter", "l1": "l1", "l2": "l2"},
    },
    "xgboost": {"gradient_boosted_trees": XGBOOST, "random_forest": XGBOOST},
    "lightgbm": {"gradient_boosted_trees": LIGHTGBM, "random_forest": LIGHTGBM},
    "spark_ml": {
        "gradient_boosted_trees": {
            "max_iter": "maxIter",
            "max_depth": "maxDepth",
            "learning_rate": "stepSize",
            "min_samples_leaf": "minInstancesPerNode",
            "subsample": "subsamplingRate",
        },
        "random_forest": {
            "max_iter": "numTrees",
            "max_depth": "maxDepth",
            "min_samples_leaf": "minInstancesPerNode",
            "subsample": "subsamplingRate",
        },
        "decision_tree": {"max_depth": "maxDepth", "min_samples_leaf": "minInstancesPerNode"},
        "linear": {"max_iter": "maxIter", "l2": "regParam"},
    },
}
"""For each library and algorithm: our name of a parameter → theirs."""

ALGORITHMS = tuple(NAMES["scikit_learn"])
LIBRARIES = tuple(NAMES)
PARAMETERS = tuple(
    dict.fromkeys(name for library in NAMES.values() for names in library.values() for name in names)
)
"""Every parameter that any of them has."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What is trained: an algorithm of a library, its parameters by our names, the task and the seed."""

    algorithm: str
    library: str
    task: Task
    parameters: Mapping[str, Json] = field(default_factory=dict)
    seed: int = 42

    def with_parameters(self, parameters: Mapping[str, Json]) -> Learner:
        """Another candidate of the same learner."""
        return Learner(self.algorithm, self.library, self.task, {**self.parameters, **parameters}, self.seed)


def parameter_names(algorithm: str, library: str) -> tuple[str, ...] | None:
    """The parameters that an algorithm has in a library; ``None``: the library has no such algorithm."""
    known = NAMES[library].get(algorithm)
    return None if known is None else tuple(known)


def requirements(learner: Learner) -> tuple[str, ...]:
    """What has to be installed where the model is loaded."""
    extra = {"xgboost": ("xgboost",), "lightgbm": ("lightgbm",)}.get(learner.library, ())
    return ("scikit-learn", "numpy", "pandas", "cloudpickle", *extra)


def build(learner: Learner, features: Sequence[Feature], *, threads: int = 1) -> Any:
    """An unfitted scikit-learn ``Pipeline`` over raw rows: preparation, then the estimator."""
    from sklearn.pipeline import Pipeline

    native = learner.library == "scikit_learn" and learner.algorithm == "gradient_boosted_trees"
    style: Style = "linear" if learner.algorithm == "linear" else "native" if native else "trees"
    return Pipeline(
        [("prepare", preparation(features, style)), ("model", _estimator(learner, features, threads))]
    )


def _estimator(learner: Learner, features: Sequence[Feature], threads: int) -> Any:
    if learner.library == "xgboost":
        return _xgboost(learner, threads)
    if learner.library == "lightgbm":
        return _lightgbm(learner, threads)
    if learner.algorithm == "gradient_boosted_trees":
        return _histogram(learner, features)
    return _linear(learner) if learner.algorithm == "linear" else _trees(learner, threads)


def _renamed(learner: Learner) -> dict[str, Any]:
    names = NAMES[learner.library][learner.algorithm]
    return {names[ours]: value for ours, value in learner.parameters.items() if ours in names}


def _histogram(learner: Learner, features: Sequence[Feature]) -> Any:
    from sklearn import ensemble

    given: dict[str, Any] = {"early_stopping": False} | _renamed(learner)
    given |= {"random_state": learner.seed, "categorical_features": categorical_positions(features) or None}
    if learner.task == "regression":
        return ensemble.HistGradientBoostingRegressor(**given)
    return ensemble.HistGradientBoostingClassifier(**given)


def _trees(learner: Learner, threads: int) -> Any:
    from sklearn import ensemble, tree

    given = _renamed(learner) | {"random_state": learner.seed}
    regression = learner.task == "regression"
    if learner.algorithm == "decision_tree":
        return tree.DecisionTreeRegressor(**given) if regression else tree.DecisionTreeClassifier(**given)
    forest = ensemble.RandomForestRegressor if regression else ensemble.RandomForestClassifier
    return forest(**given, n_jobs=threads)


def _linear(learner: Learner) -> Any:
    from sklearn import linear_model

    l1, l2 = float(learner.parameters.get("l1") or 0), learner.parameters.get("l2")
    rounds = {"max_iter": learner.parameters["max_iter"]} if learner.parameters.get("max_iter") else {}
    if learner.task == "regression":
        if l1:
            strength = l1 + float(l2 or 0)
            return linear_model.ElasticNet(
                alpha=strength, l1_ratio=l1 / strength, random_state=learner.seed, **rounds
            )
        return linear_model.Ridge(alpha=float(l2)) if l2 else linear_model.LinearRegression()
    strength = l1 + (1.0 if l2 is None and not l1 else float(l2 or 0))
    penalty: dict[str, Any] = {"C": 1 / strength if strength else 1e12}
    if l1:
        penalty |= {"solver": "saga", "l1_ratio": l1 / strength}
    return linear_model.LogisticRegression(
        **penalty, random_state=learner.seed, **({"max_iter": 1000} | rounds)
    )


def _xgboost(learner: Learner, threads: int) -> Any:
    xgboost = _extra("xgboost")
    given = _renamed(learner) | {"random_state": learner.seed, "n_jobs": threads, "tree_method": "hist"}
    kind = "XGBRF" if learner.algorithm == "random_forest" else "XGB"
    if learner.task == "regression":
        return getattr(xgboost, f"{kind}Regressor")(**given)
    return portable.encoded_labels(getattr(xgboost, f"{kind}Classifier")(**given))


def _lightgbm(learner: Learner, threads: int) -> Any:
    lightgbm = _extra("lightgbm")
    given = _renamed(learner) | {"random_state": learner.seed, "n_jobs": threads, "verbose": -1}
    given |= {"deterministic": True, "force_col_wise": True}
    if "subsample" in given:
        given |= {"subsample_freq": 1}
    if learner.algorithm == "random_forest":
        given |= {"boosting_type": "rf", "subsample": given.get("subsample", 0.632), "subsample_freq": 1}
    return (
        lightgbm.LGBMRegressor(**given) if learner.task == "regression" else lightgbm.LGBMClassifier(**given)
    )


def _extra(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InvalidCall(
            "library-not-installed",
            f"'library: {name}' needs {name}, which is not installed.",
            hint=f"pip install 'headrace[{name}]'",
        ) from error
