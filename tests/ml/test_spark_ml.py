"""Training with Spark's own learners."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.engine import Engine
from headrace.ml.stages.promote_model import PromoteModel
from headrace.ml.stages.score_rows import ScoreRows
from headrace.ml.stages.train_model import TrainModel
from headrace.testing import StageRun

from .conftest import Home

NewRun = Callable[..., StageRun]
pytestmark = pytest.mark.spark


@pytest.mark.parametrize(("target", "kind"), [("price", "double"), ("garden", "boolean")])
def test_sparks_own_learners_are_tracked_gated_and_scored_alike(
    spark_engine: Engine, houses: Path, new_run: NewRun, home: Home, model_name: str, target: str, kind: str
) -> None:
    session = spark_engine.session
    frame = session.read.parquet(str(houses))

    def run(stage: str) -> StageRun:
        return new_run(stage, f"{model_name}-spark", session=session, engine="spark")

    stage = TrainModel(
        target=target, library="spark_ml", max_iter=3, cv_folds=2, register_as=model_name, plots=False
    )
    outputs = stage.transform(frame, run("train"))
    (row,) = outputs["model"].toArrow().to_pylist()
    assert row["train_rows"] + row["holdout_rows"] == 400
    assert row["version"] == 1
    assert row["cv_r2" if target == "price" else "cv_accuracy"] is not None
    predictions = outputs["predictions"]
    assert dict(predictions.dtypes)["prediction"] == kind
    assert predictions.count() == row["holdout_rows"]
    assert outputs["importance"].count() == 6
    metric = "rmse" if target == "price" else "log_loss"
    PromoteModel(when=f"{metric} > 0").write(outputs["model"], run("promote")).publish()
    assert home.helper.call("production_version", model_name) == 1
    scored = ScoreRows(model=model_name).transform(frame, run("score"))
    assert scored.count() == 400
    assert dict(scored.dtypes)["prediction"] == kind
    again = stage.transform(frame, run("train"))["model"]
    decided = PromoteModel(when=f"{metric} <= production.{metric} * 1.000001").write(again, run("promote"))
    assert decided.verdict.promote, decided.verdict.reason  # type: ignore[attr-defined]
