from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from headrace.core import DataRefused, ModelRegistered, Schema
from headrace.engine import Engine
from headrace.ml.stages.train_model import TrainModel
from headrace.testing import StageRun

from .conftest import SCHEMA, Home

NewRun = Callable[..., StageRun]
COLUMNS = Schema.of([tuple(each.strip().split(" ")) for each in SCHEMA.split(",")])  # type: ignore[misc]
QUICK = {"target": "price", "max_iter": 20, "min_samples_leaf": 5, "importance": False, "plots": False}


def row_of(outputs: dict[str, DataFrame]) -> dict[str, object]:
    (row,) = outputs["model"].toArrow().to_pylist()
    return row


def test_a_training_gives_one_row_and_the_model_is_staging(
    new_run: NewRun, frame: DataFrame, home: Home, model_name: str
) -> None:
    run = new_run()
    outputs = TrainModel(**QUICK, cv_folds=3, register_as=model_name).transform(frame, run)
    row = row_of(outputs)
    assert (row["model"], row["version"], row["task"]) == (model_name, 1, "regression")
    assert row["train_rows"] + row["holdout_rows"] == 400  # type: ignore[operator]
    assert row["r2"] > 0.9  # type: ignore[operator]
    assert row["cv_r2"] == pytest.approx(row["r2"], abs=0.2)
    (event,) = run.events
    assert isinstance(event, ModelRegistered)
    assert (event.model, event.version, event.run_id) == (model_name, 1, row["tracking_run"])
    (version,) = home.helper.call("list_versions", model_name)
    assert version.labels == ("staging",)


def test_columns_are_known_before_the_run(new_run: NewRun, frame: DataFrame) -> None:
    stage = TrainModel(**QUICK, cv_folds=2)
    outputs = stage.transform(frame, new_run())
    for output, schema in stage.columns_after({"frame": COLUMNS}).items():
        found = outputs[output].schema
        assert [(each.name, each.dataType.simpleString()) for each in found] == [
            (each.name, each.type if each.type != "timestamp" else found[each.name].dataType.simpleString())
            for each in schema
        ]


def test_predictions_and_importance_are_ordinary_frames(new_run: NewRun, frame: DataFrame) -> None:
    outputs = TrainModel(**QUICK).transform(frame, new_run())
    scored = outputs["predictions"].toArrow()
    assert scored.num_rows == row_of(outputs)["holdout_rows"]
    importance = outputs["importance"].toArrow().to_pylist()
    assert {each["feature"] for each in importance} == {"area", "rooms", "floor", "town", "garden", "built"}
    assert importance[0]["feature"] == "area"
    assert importance[0]["metric"] == "r2"


@pytest.mark.spark
def test_both_engines_train_the_same_model(
    engine: Engine, spark_engine: Engine, houses: Path, new_run: NewRun
) -> None:
    rows = []
    for each in (engine, spark_engine):
        run = new_run(session=each.session, engine=each.name)
        shuffled = each.session.read.parquet(str(houses)).repartition(3)
        outputs = TrainModel(**QUICK, cv_folds=2).transform(shuffled, run)
        rows.append(row_of(outputs))
        assert outputs["predictions"].count() == rows[-1]["holdout_rows"]
        assert outputs["importance"].count() == 6
    for name in ("r2", "rmse", "cv_r2", "train_rows"):
        assert rows[0][name] == pytest.approx(rows[1][name], rel=1e-9)


@pytest.mark.parametrize("library", ["scikit_learn", "xgboost", "lightgbm"])
@pytest.mark.parametrize("algorithm", ["gradient_boosted_trees", "random_forest", "decision_tree", "linear"])
@pytest.mark.parametrize(
    ("target", "task"), [("price", "regression"), ("garden", "binary"), ("town", "multiclass")]
)
def test_every_algorithm_learns_every_task(
    new_run: NewRun, frame: DataFrame, library: str, algorithm: str, target: str, task: str
) -> None:
    if library != "scikit_learn":
        pytest.importorskip(library)
        if algorithm in ("decision_tree", "linear"):
            (issue,) = TrainModel(target=target, algorithm=algorithm, library=library).mistakes({})
            assert issue.code == "unsupported-algorithm"
            return
    rows = frame.where(f"{target} is not null")
    extra = {} if algorithm in ("decision_tree", "linear") else {"max_iter": 10}
    stage = TrainModel(
        target=target, algorithm=algorithm, library=library, importance=False, plots=False, **extra
    )
    assert not [*stage.mistakes({}), *stage.problems({"frame": COLUMNS})]
    outputs = stage.transform(rows, new_run())
    row = row_of(outputs)
    assert row["task"] == task
    assert row["r2" if task == "regression" else "log_loss"] is not None
    kind = {"price": "double", "garden": "boolean", "town": "string"}[target]
    assert dict(outputs["predictions"].dtypes)["prediction"] == kind


def test_a_search_finds_the_better_candidate_and_keeps_the_table(
    new_run: NewRun, frame: DataFrame, home: Home, model_name: str
) -> None:
    stage = TrainModel(
        **QUICK | {"max_iter": None},
        cv_folds=2,
        search={"max_iter": [1, 30]},
        register_as=model_name,
    )
    assert row_of(stage.transform(frame, new_run()))["cv_r2"] > 0.8  # type: ignore[operator]
    record = home.helper.call("read_training", model_name, 1)
    assert record["parameters"]["max_iter"] == "30"


def test_random_draws_are_the_same_for_a_seed(new_run: NewRun, frame: DataFrame) -> None:
    space = {"learning_rate": {"low": 0.01, "high": 0.5, "log": True}, "max_leaf_nodes": [4, 8, 16]}
    stage = TrainModel(**QUICK, cv_folds=2, search=space, search_draws=3)
    rows = [row_of(stage.transform(frame, new_run(run=f"draw-{each}"))) for each in range(2)]
    assert rows[0]["r2"] == rows[1]["r2"]


def test_the_training_is_on_record(new_run: NewRun, frame: DataFrame, home: Home, model_name: str) -> None:
    TrainModel(**QUICK, cv_folds=2, register_as=model_name).transform(frame, new_run(run="on-record"))
    record = home.helper.call("read_training", model_name, 1)
    assert record["parameters"]["max_iter"] == "20"
    assert record["tags"]["headrace.run_id"] == "on-record"
    assert record["texts"]["code/pipeline.yaml"] == "headrace: 1\n"
    assert {"fold.r2", "cv.r2", "r2", "train.rows"} <= set(record["metrics"])
    assert record["texts"]["split/split.json"]["seed"] == 42
    assert [each["fold"] for each in record["texts"]["metrics/folds.json"]] == [0, 1]
    assert record["texts"]["code/versions.json"]["scikit-learn"]


FRESH = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.modules["headrace"] = None
import pandas as pd, mlflow
mlflow.set_tracking_uri(sys.argv[1])
rows = pd.DataFrame({"area": [80.0, None], "rooms": [3, 4], "floor": [1, None], "town": ["Bern", None],
    "garden": [True, False], "built": pd.to_datetime(["1990-01-01", "2001-05-06"]), "price": [3e5, 4e5]})
found = []
for name in sys.argv[2:]:
    model = mlflow.pyfunc.load_model(f"models:/{name}/1")
    wanted = model.metadata.signature.inputs.input_names()
    found.append([sorted(wanted), pd.Series(model.predict(rows[wanted])).tolist()])
print(json.dumps(found))
"""


def test_models_score_raw_rows_in_a_fresh_process_without_headrace(
    new_run: NewRun, frame: DataFrame, home: Home, model_name: str
) -> None:
    kinds = {
        "price": ("gradient_boosted_trees", "scikit_learn"),
        "rooms": ("linear", "scikit_learn"),
        "garden": ("gradient_boosted_trees", "lightgbm"),
        "town": ("gradient_boosted_trees", "xgboost"),
    }
    for target, (algorithm, library) in kinds.items():
        if library != "scikit_learn":
            pytest.importorskip(library)
        TrainModel(
            target=target,
            algorithm=algorithm,
            library=library,
            register_as=f"{model_name}-{target}",
            importance=False,
            plots=False,
        ).transform(frame.where(f"{target} is not null"), new_run(run=f"{model_name}-{target}"))
    names = [f"{model_name}-{target}" for target in kinds]
    script = home.folder / "score.py"  # PySpark, which MLflow asks about, takes `python -c` for its own tests
    script.write_text(FRESH)
    command = [sys.executable, str(script), home.helper.store.tracking_uri, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = dict(zip(kinds, json.loads(done.stdout.splitlines()[-1]), strict=True))
    everything = {"area", "rooms", "floor", "town", "garden", "built", "price"}
    assert all(set(columns) == everything - {target} for target, (columns, _) in said.items())
    assert all(100_000 < each < 800_000 for each in said["price"][1])
    assert all(1 < each < 7 for each in said["rooms"][1])
    assert all(each in (True, False) for each in said["garden"][1])
    assert all(each in ("Bern", "Basel", "Biel") for each in said["town"][1])


@pytest.mark.parametrize(
    ("where", "target", "task", "code"),
    [
        ("false", "price", None, "no-rows"),
        ("true", "town", None, "target-missing"),
        ("area is not null", "area / 0 * 0", None, "target-missing"),
        ("true", "1.0", None, "target-constant"),
        ("town is not null", "town", "regression", "target-not-numeric"),
        ("town is not null", "town", "binary", "too-many-classes"),
        ("true", "rooms + 0.5", "binary", "target-not-classes"),
        ("true", "case when price = (select max(price) from houses) then 'x' else string(garden) end",
         None, "class-with-one-row"),
        ("true", "case when rooms > 2 then double('Infinity') else price end", None, "target-infinite"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_learned_is_refused_in_its_own_words(
    new_run: NewRun, frame: DataFrame, where: str, target: str, task: str | None, code: str
) -> None:
    if target == "area / 0 * 0":
        target = "double('NaN')"
    frame.createOrReplaceTempView("houses")
    try:
        rows = frame.where(where).selectExpr("*", f"{target} as goal")
        with pytest.raises(DataRefused) as caught:
            TrainModel(target="goal", task=task, plots=False, importance=False).transform(rows, new_run())
    finally:
        frame.sparkSession.catalog.dropTempView("houses")
    assert caught.value.code == code
    assert caught.value.hint


def test_data_beyond_the_limit_names_the_ways_out(new_run: NewRun, frame: DataFrame) -> None:
    with pytest.raises(DataRefused) as caught:
        TrainModel(target="price", memory_limit="1KB").transform(frame, new_run())
    assert caught.value.code == "too-much-data"
    assert "1.0 KB" in caught.value.message
    assert "spark_ml" in str(caught.value)
    assert "processor.sample" in str(caught.value)


def test_a_column_that_no_model_can_learn_from_is_named(new_run: NewRun, frame: DataFrame) -> None:
    with pytest.raises(DataRefused, match="'tags'"):
        TrainModel(target="price").transform(frame.selectExpr("*", "array(1) as tags"), new_run())


def test_a_failed_training_is_on_record_as_failed(new_run: NewRun, frame: DataFrame, home: Home) -> None:
    run = new_run(run="fails")
    with pytest.raises(DataRefused):
        TrainModel(target="town").transform(frame, run)
    assert home.helper.call("fail_dead_runs", ["fails"]) == []
    assert not (home.folder / ".headrace" / "tracking" / "fails").exists()


@pytest.mark.parametrize(
    ("config", "code", "field"),
    [
        ({"target": "town", "task": "regression"}, "target-not-numeric", "target"),
        ({"target": "price", "features": ["price"]}, "target-among-features", "features"),
        ({"target": "price", "algorithm": "linear", "max_depth": 1}, "unknown-hyperparameter", "max_depth"),
        ({"target": "price", "search": {"max_depth": [1]}}, "search-needs-folds", "search"),
        ({"target": "price", "search": {"x": [1]}, "cv_folds": 2}, "unknown-hyperparameter", "search.x"),
        ({"target": "price", "search_metric": "f1"}, "unknown-metric", "search_metric"),
        ({"target": "price", "holdout_after": "2020-01-01"}, "time-column-missing", "holdout_after"),
        ({"target": "price", "time_column": "built", "split_by": ["town"]}, "conflicting-fields", "split_by"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_work_is_found_before_the_run(
    config: dict[str, object], code: str, field: str
) -> None:
    stage = TrainModel(**config)
    found = [*stage.mistakes({}), *stage.problems({"frame": COLUMNS})]
    assert [(each.code, each.field) for each in found] == [(code, field)]


def test_a_search_without_an_end_is_found_before_the_run() -> None:
    space = {"learning_rate": {"low": 0.1, "high": 0.5}}
    (issue,) = TrainModel(**QUICK, cv_folds=2, search=space).mistakes({})
    assert (issue.code, issue.field) == ("search-needs-draws", "search")
    many = {"max_depth": list(range(1, 40)), "max_leaf_nodes": list(range(2, 40))}
    (issue,) = TrainModel(**QUICK, cv_folds=2, search=many).mistakes({})
    assert issue.code == "search-too-large"


def test_spark_ml_needs_spark() -> None:
    assert TrainModel(target="price", library="spark_ml").engine_needs() == {"spark_ml", "jvm"}
