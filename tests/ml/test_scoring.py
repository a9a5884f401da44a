from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient
from pyspark.sql import DataFrame

from headrace.core import DataRefused, InvalidCall, Schema
from headrace.engine import Engine
from headrace.ml import promote, score_file
from headrace.ml.stages.score_rows import ScoreRows
from headrace.ml.stages.train_model import TrainModel
from headrace.testing import StageRun

from .conftest import Home

# SQLAlchemy 2.1 calls deprecated what MLflow's own client asks of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]

NewRun = Callable[..., StageRun]


@pytest.fixture
def model(new_run: NewRun, frame: DataFrame, model_name: str) -> str:
    stage = TrainModel(
        target="price",
        register_as=model_name,
        max_iter=10,
        min_samples_leaf=5,
        importance=False,
        plots=False,
    )
    stage.transform(frame, new_run())
    return model_name


def test_every_row_gets_its_prediction_and_the_version(
    any_engine: Engine, new_run: NewRun, houses: Path, model: str, home: Home
) -> None:
    left = set(Path(tempfile.gettempdir()).glob("headrace-model-*"))
    MlflowClient(home.helper.store.tracking_uri).set_registered_model_alias(model, "champion", "1")
    rows = any_engine.session.read.parquet(str(houses)).drop("price").repartition(3)
    run = new_run("score", session=any_engine.session, engine=any_engine.name)
    scored = ScoreRows(model=model, stage="staging").transform(rows, run)
    assert scored.columns == [*rows.columns, "prediction", "model_version"]
    found = scored.toPandas()
    assert len(found) == 400
    assert set(found["model_version"]) == {1}
    assert found["prediction"].between(50_000, 900_000).all()
    for selector in ({"version": 1}, {"alias": "champion"}):
        again = ScoreRows(model=model, **selector).transform(rows, run).select("prediction").toPandas()
        assert sorted(again["prediction"]) == sorted(found["prediction"])
    assert set(Path(tempfile.gettempdir()).glob("headrace-model-*")) <= left


def test_what_the_training_predicted_is_what_scoring_gives(
    new_run: NewRun, frame: DataFrame, model_name: str
) -> None:
    stage = TrainModel(target="price", register_as=model_name, max_iter=10, importance=False, plots=False)
    holdout = stage.transform(frame, new_run())["predictions"]
    named = ScoreRows(model=model_name, version=1, prediction="again", version_column="by")
    scored = named.transform(holdout, new_run("score")).toPandas()
    assert scored["again"].tolist() == pytest.approx(scored["prediction"].tolist())


@pytest.mark.parametrize("target", ["garden", "town"])
def test_classes_come_with_the_probability_that_was_asked_for(
    new_run: NewRun, frame: DataFrame, model_name: str, target: str
) -> None:
    stage = TrainModel(target=target, register_as=model_name, max_iter=5, importance=False, plots=False)
    stage.transform(frame.where(f"{target} is not null"), new_run())
    sure = ScoreRows(model=model_name, version=1, probability="sure").transform(frame, new_run("score"))
    found = sure.toPandas()
    assert set(found["prediction"]) <= set(found[target].dropna())
    assert found["sure"].between(0, 1).all()


def test_a_label_that_nobody_has_is_said(new_run: NewRun, frame: DataFrame, model: str, home: Home) -> None:
    with pytest.raises(InvalidCall, match="production"):
        ScoreRows(model=model).transform(frame, new_run("score"))
    promote(home, model, 1)
    assert ScoreRows(model=model).transform(frame, new_run("score")).count() == 400


def test_rows_without_a_column_of_the_model_are_refused(
    new_run: NewRun, frame: DataFrame, model: str
) -> None:
    scored = ScoreRows(model=model, version=1).transform(frame.drop("area"), new_run("score"))
    with pytest.raises(Exception, match="needs the column 'area'"):
        scored.count()


def test_a_model_without_probabilities_says_so(new_run: NewRun, frame: DataFrame, model: str) -> None:
    scored = ScoreRows(model=model, version=1, probability="p").transform(frame, new_run("score"))
    with pytest.raises(Exception, match="gives no probabilities"):
        scored.count()


def test_added_columns_must_be_new_and_the_version_one() -> None:
    (issue,) = ScoreRows(model="m").problems({"frame": Schema.of({"prediction": "double"})})
    assert issue.code == "name-taken"
    with pytest.raises(ValueError, match="one of"):
        ScoreRows(model="m", version=1, alias="best")


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_file_is_scored_without_an_engine(
    home: Home, model: str, houses: Path, tmp_path: Path, kind: str
) -> None:
    rows = pd.read_parquet(houses).drop(columns="price").head(50)
    source = tmp_path / f"new.{kind}"
    if kind == "csv":
        rows.to_csv(source, index=False)
    elif kind == "parquet":
        rows.to_parquet(source)
    else:
        rows.to_json(source, orient="records", lines=True, date_format="iso")
    said = score_file(home, model, source, version="1", output=tmp_path / "scored.parquet")
    assert (said["version"], said["rows"]) == (1, 50)
    scored = pq.read_table(tmp_path / "scored.parquet")
    assert scored.column_names[-2:] == ["prediction", "model_version"]
    assert all(50_000 < each < 900_000 for each in scored["prediction"].to_pylist())


def test_a_file_that_cannot_be_scored_leaves_no_output(home: Home, model: str, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataRefused, match="needs the column"):
        score_file(home, model, tmp_path / "new.csv", version="1", output=tmp_path / "out.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["new.csv"]
    with pytest.raises(InvalidCall, match="format"):
        score_file(home, model, tmp_path / "new.xls", version="1")
