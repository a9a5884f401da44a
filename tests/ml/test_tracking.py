from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from headrace.core import InvalidCall, TrackingSettings, Unavailable
from headrace.ml import compare_versions, repair_tracking
from headrace.ml.stages.train_model import TrainModel
from headrace.ml.tracking.helper import Helper, helper_for
from headrace.ml.tracking.open_runs import opened
from headrace.ml.tracking.records import RunRecord
from headrace.ml.tracking.store import SCHEMA, make_ready, store_of
from headrace.testing import StageRun

from .conftest import Home

NewRun = Callable[..., StageRun]


def begin(home: Home, run: StageRun) -> str:
    record = RunRecord(run.id, run.stage, "tests", {}, {"a": "1"}, {})
    opened(run)
    tracking_run: str = home.helper.call("open_run", record)
    return tracking_run


def status(home: Home, tracking_run: str) -> str:
    with sqlite3.connect(home.helper.store.database) as connection:
        (found,) = connection.execute("select status from runs where run_uuid = ?", [tracking_run]).fetchone()
    connection.close()
    return str(found)


def test_what_a_killed_process_left_running_is_ended_by_the_next_one(new_run: NewRun, home: Home) -> None:
    dead, alive = new_run(run="killed"), new_run(run="alive")
    left, other = begin(home, dead), begin(home, alive)
    assert repair_tracking(home.tracking, home.folder, ["killed", "never-tracked"]) == [left]
    assert (status(home, left), status(home, other)) == ("FAILED", "RUNNING")
    assert repair_tracking(home.tracking, home.folder, ["killed"]) == []


def test_without_dead_runs_nothing_is_started(tmp_path: Path) -> None:
    assert repair_tracking(TrackingSettings(), tmp_path, ["gone"]) == []
    assert not (tmp_path / ".headrace").exists()


def test_a_run_that_failed_later_is_no_finished_training(
    tmp_path: Path, frame: DataFrame, new_run: NewRun
) -> None:
    place = Home(tmp_path)
    run = StageRun(frame.sparkSession, tmp_path, stage="train", id="later")
    stage = TrainModel(target="price", max_iter=2, importance=False, plots=False)
    (row,) = stage.transform(frame, run)["model"].toArrow().to_pylist()
    assert status(place, row["tracking_run"]) == "FINISHED"
    place.helper.close("failed")
    assert status(place, row["tracking_run"]) == "FAILED"


def test_importance_and_plots_are_there_once_the_run_has_ended(tmp_path: Path, frame: DataFrame) -> None:
    pytest.importorskip("matplotlib")
    place = Home(tmp_path)
    run = StageRun(frame.sparkSession, tmp_path, stage="train", id="pictures")
    TrainModel(target="garden", max_iter=3).transform(frame, run)
    place.helper.close()
    found = {each.name for each in (tmp_path / ".headrace" / "mlartifacts").rglob("*.*")}
    assert {"importance.json", "confusion_matrix.png", "roc.png", "learning_curve.png"} <= found
    assert "learning_curve.json" in found


def test_the_schema_file_is_what_mlflow_makes(tmp_path: Path) -> None:
    ours = Path(sys.modules["headrace.ml.tracking.store"].__file__ or "").with_name(SCHEMA).read_text()
    code = "from headrace.ml.tracking.mlflow_schema import schema_text; print(schema_text(), end='')"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    # MLflow puts the constraints of a table in any order.
    assert sorted(each.strip(" ,\t") for each in done.stdout.splitlines()) == sorted(
        each.strip(" ,\t") for each in ours.splitlines()
    )


def test_two_processes_make_one_store(tmp_path: Path) -> None:
    store = store_of(tmp_path, TrackingSettings())
    make_ready(store)
    with sqlite3.connect(store.database) as connection:
        connection.execute("create table mine (a)")
    connection.close()
    make_ready(store)
    with sqlite3.connect(store.database) as connection:
        assert connection.execute("select count(*) from mine").fetchone() == (0,)
    connection.close()
    assert [each.name for each in store.database.parent.glob("mlflow.db.*")] == []


def test_settings_come_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://server")
    assert store_of(tmp_path, TrackingSettings()).tracking_uri == "http://server"
    assert store_of(tmp_path, TrackingSettings(uri="http://mine")).registry_uri == "http://mine"
    databricks = store_of(tmp_path, TrackingSettings(uri="databricks"))
    assert (databricks.registry_uri, databricks.labels) == ("databricks-uc", "aliases")
    workspace = store_of(tmp_path, TrackingSettings(uri="databricks", registry_uri="databricks"))
    assert workspace.labels == "stages"


def test_a_password_in_the_uri_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        store_of(tmp_path, TrackingSettings(uri="https://me:canary@server/"))
    assert caught.value.code == "secret-in-tracking-uri"
    assert "canary" not in str(caught.value)


def test_a_server_that_is_down_is_an_error_with_its_address(tmp_path: Path) -> None:
    helper = helper_for(tmp_path, TrackingSettings(uri="http://127.0.0.1:9"))
    try:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9") as caught:
            helper.call("list_models")
        assert caught.value.code == "tracking-unavailable"
    finally:
        helper.close()


def test_a_tracker_that_dies_is_an_error_and_the_next_call_starts_another(home: Home) -> None:
    helper = Helper(home.helper.store)
    try:
        helper.start()
        assert helper.pid is not None
        os.kill(helper.pid, signal.SIGSTOP)
        reply = helper.submit("list_models")
        os.kill(helper.pid, signal.SIGKILL)
        with pytest.raises(Unavailable) as caught:
            reply.result()
        assert caught.value.code == "tracker-died"
        assert isinstance(helper.call("list_models"), list)
        with pytest.raises(Unavailable):  # the answer of the second one is not taken for its own
            reply.result()
    finally:
        helper.close()


def test_two_versions_side_by_side_show_what_differs_only(
    new_run: NewRun, frame: DataFrame, home: Home, model_name: str
) -> None:
    for number, rounds in enumerate((3, 30)):
        stage = TrainModel(
            target="price", register_as=model_name, max_iter=rounds, importance=False, plots=False
        )
        rows = frame if number == 0 else frame.withColumn("extra", frame.rooms * 2)
        stage.transform(rows, new_run(run=f"{model_name}-{number}"))
    found = compare_versions(home, model_name, 1, "staging")
    assert (found["a"], found["b"]) == ("version 1", "version 2")
    rows_by_name = {(each["section"], each["name"]): each for each in found["rows"]}
    assert rows_by_name["parameters", "max_iter"]["a"] == "3"
    assert rows_by_name["metrics", "rmse"]["better"] == "b"
    assert rows_by_name["data", "column extra"]["b"] == "int64"
    assert ("preparation", "feature extra") in rows_by_name
    assert ("parameters", "target") not in rows_by_name
    everything = compare_versions(home, model_name, 1, 2, everything=True)
    assert len(everything["rows"]) > len(found["rows"])
