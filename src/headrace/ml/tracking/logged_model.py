"""A fitted model in MLflow's form: in a folder, or logged beside its run's other artifacts.

MLflow's own ``log_model`` puts a model where its global state points, loads what was just pickled, asks it
for predictions and holds the requirements against every installed package: a second that tells nothing new.
What it would write is written here, and a test compares the two. Other flavors save themselves.
"""

from __future__ import annotations

import pickle
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .records import ModelFile

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import Model, ModelSignature

__all__ = ["LoggedModel", "log_model", "pinned", "save_model", "signature_of"]

ARGUMENTS = {
    "xgboost": "xgb_model",
    "lightgbm": "lgb_model",
    "catboost": "cb_model",
    "pytorch": "pytorch_model",
    "statsmodels": "statsmodels_model",
    "prophet": "pr_model",
    "pyfunc": "python_model",
}
"""What each flavor's ``save_model`` calls the model."""
NAME = "model"
PICKLE = "model.pkl"


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """Where a model is; ``model_id`` is ``None`` for one that is only a folder of its run."""

    model_uri: str
    model_id: str | None = None


def log_model(client: MlflowClient, run_id: str, file: ModelFile) -> LoggedModel:
    """The model as a logged model of the run's own experiment, whole before it counts as ready."""
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus
    from mlflow.models import Model

    run = client.get_run(run_id)
    if file.flavor == "spark":  # only a JVM can save it, and the run's process has done so
        client.log_artifacts(run_id, file.path, NAME)
        return LoggedModel(f"{run.info.artifact_uri}/{NAME}")
    begun = client.create_logged_model(
        run.info.experiment_id, name=NAME, source_run_id=run_id, params=dict(run.data.params)
    )
    described = Model(
        artifact_path=begun.artifact_location,
        model_uuid=begun.model_id,
        run_id=run_id,
        model_id=begun.model_id,
    )
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        target = Path(folder) / NAME
        save_model(file, target, described)
        client.log_model_artifacts(begun.model_id, str(target))
    client.finalize_logged_model(begun.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, models=[LoggedModelOutput(begun.model_id, step=0)])
    return LoggedModel(f"models:/{begun.model_id}", begun.model_id)


def save_model(file: ModelFile, target: Path, described: Model | None = None) -> None:
    """The same model in a folder of its own."""
    import importlib

    from mlflow.models import Model

    described = described or Model()
    described.signature = signature_of(file)
    described.metadata = {"headrace": dict(file.about)}
    if file.flavor == "sklearn":
        _save_pickled(file, target, described)
        return
    with Path(file.path).open("rb") as stream:
        model = pickle.load(stream)  # noqa: S301  # written by our own run a moment ago
    how = {
        ARGUMENTS.get(file.flavor, "model"): model,
        "signature": described.signature,
        "input_example": _example(file),
        "pip_requirements": pinned(file.requirements),
        "metadata": described.metadata,
    }
    flavor = importlib.import_module(f"mlflow.{file.flavor}")
    flavor.save_model(path=str(target), mlflow_model=described, **how)


def _save_pickled(file: ModelFile, target: Path, described: Model) -> None:
    """What ``mlflow.sklearn.save_model`` writes of a model that is pickled already."""
    from importlib.metadata import version

    from mlflow import pyfunc
    from mlflow.models.utils import _save_example

    target.mkdir(parents=True)
    _save_example(described, _example(file), str(target))
    shutil.copyfile(file.path, target / PICKLE)
    pyfunc.add_to_model(
        described,
        loader_module="mlflow.sklearn",
        model_path=PICKLE,
        conda_env="conda.yaml",
        python_env="python_env.yaml",
        predict_fn="predict",
    )
    described.add_flavor(
        "sklearn",
        pickled_model=PICKLE,
        sklearn_version=version("scikit-learn"),
        serialization_format="cloudpickle",
        code=None,
        skops_trusted_types=None,
    )
    described.model_size_bytes = sum(each.stat().st_size for each in target.iterdir())
    described.save(str(target / "MLmodel"))
    _save_environment(target, pinned(("mlflow", *file.requirements)))


def _save_environment(target: Path, requirements: list[str]) -> None:
    from mlflow.utils.environment import _mlflow_conda_env, _PythonEnv

    _mlflow_conda_env(str(target / "conda.yaml"), additional_pip_deps=requirements, install_mlflow=False)
    _PythonEnv.current().to_yaml(str(target / "python_env.yaml"))
    (target / "requirements.txt").write_text("\n".join(requirements))


def signature_of(file: ModelFile) -> ModelSignature:
    """Raw columns in, a prediction out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    plain = {"category": "string", "boolean": "boolean", "date": "datetime", "timestamp": "datetime"}
    columns = []
    for each in file.features:
        kind: Any = plain.get(each.kind) or ("long" if each.integer else "double")
        if each.integer and each.missing:
            kind = AnyType()  # pandas holds such a column as floats or as integers, as its rows fall
        columns.append(ColSpec(kind, each.name, required=not each.missing))
    return ModelSignature(inputs=Schema(columns), outputs=Schema([ColSpec(file.output)]))


def _example(file: ModelFile) -> Any:
    import pandas as pd

    return pd.DataFrame(dict(file.example)) if file.example else None


def pinned(names: tuple[str, ...]) -> list[str]:
    """Packages with the versions that are installed here."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in names:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            found.append(name)
    return found
