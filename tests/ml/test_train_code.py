from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from headrace.core import UserCodeFailed
from headrace.ml.stages.promote_model import PromoteModel
from headrace.ml.stages.score_rows import ScoreRows
from headrace.ml.stages.train_code import TrainCode
from headrace.testing import StageRun

from .conftest import Home

NewRun = Callable[..., StageRun]

SCRIPT = """
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

model = make_pipeline(SimpleImputer(), Ridge(parameters["alpha"])).fit(features, target)
"""
FUNCTION = """
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

class Mean(RegressorMixin, BaseEstimator):
    def fit(self, features, target):
        self.mean_ = float(np.mean(target))
        return self

    def predict(self, features):
        return np.full(len(features), self.mean_)

def train(features, target):
    log.info("training on %s rows", len(features))
    return Mean().fit(features, target)
"""
PYFUNC = """
import mlflow.pyfunc
import pandas as pd

class PerArea(mlflow.pyfunc.PythonModel):
    def __init__(self, price):
        self.price = price

    def predict(self, context, model_input: pd.DataFrame, params=None):
        return model_input["area"].fillna(100) * self.price

model = PerArea(float(target.mean() / features["area"].mean()))
"""


def row_of(outputs: dict[str, DataFrame]) -> dict[str, object]:
    (row,) = outputs["model"].toArrow().to_pylist()
    return row


@pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # of MLflow's own classes, at its import
@pytest.mark.parametrize("code", [SCRIPT, FUNCTION, PYFUNC], ids=["script", "function", "pyfunc"])
def test_any_model_is_tracked_gated_and_scored_like_our_own(
    new_run: NewRun, frame: DataFrame, home: Home, model_name: str, code: str
) -> None:
    stage = TrainCode(
        code=code,
        target="price",
        features=["area", "rooms"],
        register_as=model_name,
        plots=False,
        importance=False,
    )
    run_id = f"{model_name}-code"
    row = row_of(outputs := stage.transform(frame, new_run(run=run_id, parameters={"alpha": 1.0})))
    assert (row["model"], row["version"], row["algorithm"]) == (model_name, 1, "code")
    assert row["rmse"] > 0  # type: ignore[operator]
    PromoteModel(when="rmse < 1000000").write(outputs["model"], new_run("promote", run_id)).publish()
    assert home.helper.call("production_version", model_name) == 1
    scored = ScoreRows(model=model_name).transform(frame.drop("price"), new_run("score", run_id))
    assert scored.where("prediction > 0").count() == 400
    importance = outputs["importance"].toArrow().to_pylist()
    assert {each["feature"] for each in importance} == {"area", "rooms"}
    record = home.helper.call("read_training", model_name, 1)
    assert record["texts"]["code/train.py"] == code


@pytest.mark.filterwarnings("ignore:.*type hint:UserWarning")  # of MLflow's own classes, at its import
def test_a_model_of_any_kind_has_its_importance_and_plots(tmp_path: Path, frame: DataFrame) -> None:
    pytest.importorskip("matplotlib")
    place = Home(tmp_path)
    bare = "from sklearn.linear_model import Ridge\nmodel = Ridge().fit(features, target)"
    for number, code in enumerate((bare, PYFUNC)):
        run = StageRun(frame.sparkSession, tmp_path, stage=f"train{number}", id="pictures")
        stage = TrainCode(code=code, target="price", features=["area", "rooms"])
        stage.transform(frame.where("area is not null"), run)
    place.helper.close()
    found = Counter(each.name for each in (tmp_path / ".headrace" / "mlartifacts").rglob("*.*"))
    for name in ("importance.json", "predicted_against_actual.png", "residuals.png"):
        assert found[name] == 2


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        ("x = 1\nmodel = 1 / 0", "user-code-failed", "Line 2 of its code: `model = 1 / 0`"),
        ("model = (", "user-code-failed", "was never closed"),
        ("import sys\nsys.exit(3)", "user-code-failed", "ended the program"),
        ("x = 1", "no-model", "made no model"),
        ("model = object()", "unknown-model-type", "builtins.object"),
        (
            "def train(features, target):\n    raise KeyError('lost')",
            "user-code-failed",
            "Line 2 of its code",
        ),
        (
            "from sklearn.linear_model import Ridge\nmodel = Ridge().fit([[1.0]], [1.0])",
            "model-cannot-predict",
            "cannot predict the holdout",
        ),
    ],
)
def test_code_that_fails_shows_the_users_own_line(
    new_run: NewRun, frame: DataFrame, code: str, error: str, text: str
) -> None:
    with pytest.raises(UserCodeFailed) as caught:
        TrainCode(code=code, target="price").transform(frame, new_run())
    assert caught.value.code == error
    assert text in str(caught.value)
