"""Training by the user's own code: a script that assigns ``model``, or a function ``train``."""

from __future__ import annotations

import ast
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from headrace.core import UserCodeFailed
from headrace.frames.user_code import run_code
from headrace.ml.learning.algorithms import Learner
from headrace.ml.learning.dataset import target_values, to_pandas
from headrace.ml.learning.fitting import Predictions, predict
from headrace.ml.learning.material import Material, Trained
from headrace.ml.learning.metrics import score
from headrace.ml.tracking.helper import helper_for
from headrace.ml.tracking.model_file import write_model
from headrace.ml.tracking.records import HoldoutData

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from headrace.core import Run
    from headrace.ml.learning.specification import Specification

__all__ = ["FLAVORS", "flavor_of", "learn_by_code"]

FLAVORS: Mapping[str, str] = MappingProxyType(
    {
        "sklearn": "sklearn",
        "xgboost": "xgboost",
        "lightgbm": "lightgbm",
        "catboost": "catboost",
        "torch": "pytorch",
        "keras": "tensorflow",
        "tensorflow": "tensorflow",
        "statsmodels": "statsmodels",
        "prophet": "prophet",
        "mlflow": "pyfunc",
    }
)
"""The package a model's class comes from → MLflow's flavor for it."""

PACKAGES = {"sklearn": "scikit-learn"}
CALL = "\n\nmodel = train(features, target)\n"


def run_training_code(spec: Specification, material: Material, run: Run) -> Any:
    """The model that the code makes. Raises ``UserCodeFailed`` with the user's own line.

    The code sees ``features`` (a pandas frame of the training rows), ``target`` (a NumPy array), ``rows``
    (all columns, pandas), ``task``, ``seed``, ``parameters`` and ``log``; the holdout is not among them.
    """
    assert spec.code is not None
    names = {
        "features": material.frame.copy(),
        "target": material.target.copy(),
        "rows": material.parts.train.to_pandas(),
        "task": material.task,
        "seed": spec.split.seed,
        "parameters": dict(run.parameters),
        "log": run.log,
    }
    code = spec.code + CALL if _defines_train(spec.code) else spec.code
    model = run_code(code, names, stage=run.stage, log=run.log).get("model")
    if model is None:
        raise UserCodeFailed(
            "no-model",
            "The code made no model.",
            where=run.stage,
            hint="Assign it to `model`, or define `train(features, target)` that returns it.",
        )
    return model


def _defines_train(code: str) -> bool:
    """Whether there is a function ``train`` and nothing assigns ``model`` beside it."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    defined = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
    assigned = {
        target.id
        for each in tree.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    return "train" in defined and "model" not in assigned


def flavor_of(model: Any) -> str:
    """MLflow's flavor for a model. Raises ``UserCodeFailed`` (``unknown-model-type``)."""
    roots = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    if "sklearn" in roots:
        return "sklearn"
    found = next((FLAVORS[root] for root in roots if root in FLAVORS), None)
    if found is None and callable(model):
        return "pyfunc"
    if found is None:
        raise UserCodeFailed(
            "unknown-model-type",
            f"MLflow has no flavor for a model of type {type(model).__module__}.{type(model).__name__}.",
            hint="Return a model of a library that MLflow knows, or a subclass of mlflow.pyfunc.PythonModel.",
        )
    return found


def requirements_of(model: Any, given: tuple[str, ...]) -> tuple[str, ...]:
    """What the user said, or the packages that the model's classes come from."""
    roots = dict.fromkeys(kind.__module__.partition(".")[0] for kind in type(model).__mro__)
    known = [PACKAGES.get(root, root) for root in roots if root in FLAVORS]
    return given or ("pandas", "numpy", "cloudpickle", *known)


def learn_by_code(spec: Specification, material: Material, run: Run) -> Trained:
    """The user's model, checked on the holdout: here if it is scikit-learn's, else as MLflow will load it."""
    began = time.monotonic()
    model = run_training_code(spec, material, run)
    flavor = flavor_of(model)
    needs = requirements_of(model, spec.requirements)
    if flavor == "sklearn":
        said = _own_words(model, material, run)
    else:
        file = write_model(model, material, run.scratch, needs, flavor)
        path = run.scratch / "unscored.parquet"
        _write(material.parts.holdout, path)
        holdout = HoldoutData(str(path), spec.target, material.task, material.classes)
        said = helper_for(run.folder, run.tracking).call("predict_with_file", file, holdout)
    truth = target_values(material.parts.holdout, spec.target, material.task)
    metrics = score(material.task, truth, said.values, said.probabilities, said.classes)
    learner = Learner("code", "own", material.task, seed=spec.split.seed)
    return Trained(model, learner, (), 0, said, metrics, time.monotonic() - began, needs, flavor)


def _own_words(model: Any, material: Material, run: Run) -> Predictions:
    try:
        return predict(model, to_pandas(material.parts.holdout, material.features), material.task)
    except Exception as error:  # the user's model may raise anything
        raise UserCodeFailed(
            "model-cannot-predict",
            f"The model cannot predict the holdout: {type(error).__name__}: {str(error)[:500]}",
            where=run.stage,
            hint="It gets the raw columns of `features`: put the preparation inside the model.",
        ) from error


def _write(table: pa.Table, path: Path) -> None:
    """A table as Parquet."""
    import pyarrow.parquet as pq

    pq.write_table(table, path)
