"""A model as MLflow itself would write it, where the project keeps its models."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from pyspark.sql import DataFrame
from sklearn.linear_model import LinearRegression

from headrace.ml.learning.dataset import Feature
from headrace.ml.stages.train_model import TrainModel
from headrace.ml.tracking.logged_model import save_model, signature_of
from headrace.ml.tracking.records import ModelFile
from headrace.testing import StageRun

from .conftest import Home

# MLflow's own, when it is imported and when it asks SQLAlchemy 2.1 for something that is called deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
NewRun = Callable[..., StageRun]
OWN = {"model_uuid", "utc_time_created"}
"""What no two savings share."""


def described(folder: Path) -> dict[str, Any]:
    files = sorted(each.name for each in folder.iterdir())
    found: dict[str, Any] = yaml.safe_load((folder / "MLmodel").read_text())
    texts = {name: (folder / name).read_text() for name in files if name not in ("MLmodel", "model.pkl")}
    size = found.pop("model_size_bytes")
    assert size > 0
    return {"files": files, **texts, **{name: each for name, each in found.items() if name not in OWN}}


def test_a_pickled_model_is_saved_as_mlflow_saves_it(tmp_path: Path) -> None:
    import cloudpickle
    import mlflow.sklearn

    rows = pd.DataFrame({"area": [50.0, 80.0, 120.0], "rooms": [2, 3, 5]})
    model = LinearRegression().fit(rows, [1.0, 2.0, 3.0])
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(model))
    file = ModelFile(
        path=str(path),
        flavor="sklearn",
        features=(Feature("area", "number"), Feature("rooms", "number", integer=True)),
        output="double",
        requirements=("scikit-learn", "cloudpickle"),
        example=rows.to_dict("list"),
        about={"task": "regression"},
    )
    save_model(file, tmp_path / "ours")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model,
            str(tmp_path / "theirs"),
            signature=signature_of(file),
            input_example=rows,
            pip_requirements=[f"{name}=={version(name)}" for name in file.requirements],
            metadata={"headrace": {"task": "regression"}},
            serialization_format="cloudpickle",
        )
    assert described(tmp_path / "ours") == described(tmp_path / "theirs")


def test_models_are_kept_with_the_project_wherever_the_command_was_started(
    new_run: NewRun, frame: DataFrame, home: Home, model_name: str
) -> None:
    import mlflow

    run = new_run()
    stage = TrainModel(target="price", max_iter=3, register_as=model_name, plots=False, importance=False)
    tracking_run = stage.transform(frame, run)["model"].collect()[0]["tracking_run"]
    client = mlflow.MlflowClient(home.helper.store.tracking_uri)
    found = client.get_run(tracking_run)
    (output,) = found.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert (model.experiment_id, model.status) == (found.info.experiment_id, "READY")
    assert model.artifact_location.startswith(home.helper.store.artifacts.as_uri())
    assert model.params["max_iter"] == "3"
    assert not Path("mlruns").exists()
