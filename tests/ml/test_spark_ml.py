"""Training with Spark's own learners."""

from __future__ import annotations

import json
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


@pytest.fixture
def run(spark_engine: Engine, new_run: NewRun, model_name: str) -> Callable[[str], StageRun]:
    return lambda stage: new_run(stage, f"{model_name}-spark", session=spark_engine.session, engine="spark")


QUICK = {"library": "spark_ml", "algorithm": "decision_tree", "plots": False}


def test_a_regression_on_spark_is_tracked_gated_and_scored_like_any_other(
    run: Callable[[str], StageRun], houses: Path, home: Home, model_name: str
) -> None:
    frame = run("train").session.read.parquet(str(houses))
    stage = TrainModel(target="price", cv_folds=2, register_as=model_name, **QUICK)
    outputs = stage.transform(frame, run("train"))
    (row,) = outputs["model"].toArrow().to_pylist()
    assert row["train_rows"] + row["holdout_rows"] == 400
    assert (row["version"], row["cv_r2"] is not None) == (1, True)
    assert outputs["predictions"].count() == row["holdout_rows"]
    assert outputs["importance"].count() == 6
    PromoteModel(when="rmse > 0").write(outputs["model"], run("promote")).publish()
    assert home.helper.call("production_version", model_name) == 1
    once_more = TrainModel(target="price", register_as=model_name, **QUICK)  # the same model without folds
    again = once_more.transform(frame, run("train"))["model"]
    decided = PromoteModel(when="rmse <= production.rmse * 1.000001").write(again, run("promote"))
    assert decided.verdict.promote, decided.verdict.reason  # type: ignore[attr-defined]


def test_classes_on_spark_come_back_as_they_were_and_are_drawn_with_their_learning_curve(
    spark_engine: Engine, houses: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    session, place = spark_engine.session, Home(tmp_path)
    frame = session.read.parquet(str(houses))

    def run(stage: str) -> StageRun:
        return StageRun(session, tmp_path, stage=stage, id="pictures", engine="spark")

    boosted = {"library": "spark_ml", "algorithm": "gradient_boosted_trees", "max_iter": 3, "max_depth": 2}
    outputs = TrainModel(target="garden", register_as="gardens", **boosted).transform(frame, run("train"))
    assert dict(outputs["predictions"].dtypes)["prediction"] == "boolean"
    (row,) = outputs["model"].toArrow().to_pylist()
    stage = ScoreRows(model="gardens", version=1, prediction="has_garden", probability="sure")
    scored = stage.transform(frame, run("score"))
    assert dict(scored.dtypes)["has_garden"] == "boolean"
    assert scored.where("sure between 0 and 1").count() == 400
    place.helper.close()
    found = {each.name: each for each in (tmp_path / ".headrace" / "mlartifacts").rglob("*.*")}
    assert {each for each in found if each.endswith(".png")} == {
        "confusion_matrix.png",
        "roc.png",
        "learning_curve.png",
    }
    curve = json.loads(found["learning_curve.json"].read_text())
    assert curve["columns"] == ["rounds", "holdout log_loss", "train log_loss"]
    assert [rounds for rounds, _, _ in curve["data"]] == [1, 2, 3]
    assert curve["data"][-1][1] == pytest.approx(row["log_loss"])
    trained = [loss for _, _, loss in curve["data"]]
    assert trained == sorted(trained, reverse=True), "each round learns more of the training rows"


def test_by_time_the_latest_rows_are_kept_back_as_in_memory(
    run: Callable[[str], StageRun], houses: Path, home: Home
) -> None:
    frame = run("train").session.read.parquet(str(houses))
    wanted = {"target": "price", "time_column": "built", "cv_folds": 2, "plots": False}
    there = TrainModel(library="spark_ml", algorithm="decision_tree", **wanted)
    here = TrainModel(algorithm="decision_tree", **wanted)
    kept = [stage.transform(frame, run("train"))["predictions"] for stage in (there, here)]
    one, other = (sorted(row.built for row in rows.select("built").collect()) for rows in kept)
    assert one == other
    assert one[0] > sorted(row.built for row in frame.select("built").collect())[-len(one) - 1]
