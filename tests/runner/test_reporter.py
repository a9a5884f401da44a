"""Events reach whoever watches, as JSON and without a secret."""

from __future__ import annotations

import json
from typing import Any

from headrace.core import LogWritten, ModelRegistered, Secret, TrackingSettings
from headrace.runner import Reporter, fold
from headrace.runner.reporter import LOG_BYTES


def heard() -> tuple[Reporter, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    return Reporter(events.append), events


def test_a_secret_is_masked_wherever_it_stands() -> None:
    reporter, events = heard()
    reporter.hide({"token": Secret("token", 'hun"ter2'), "other": TrackingSettings()})
    reporter.emit(LogWritten(level="info", message='it is hun"ter2, in JSON hun\\"ter2'))
    reporter.emit({"event": "x", "deep": [{"value": Secret("token", 'hun"ter2'), 'hun"ter2': 1}]})
    assert "ter2" not in json.dumps(events)
    assert "•••" in events[0]["message"]


def test_what_json_cannot_say_is_null_with_a_mark() -> None:
    reporter, events = heard()
    metrics = {"r2": float("nan"), "rmse": float("inf"), "mae": 1.5}
    reporter.emit(ModelRegistered(stage="train", model="m", version=1, metrics=metrics, run_id="x"))
    assert events[0]["metrics"] == {"r2": None, "r2!": "nan", "rmse": None, "rmse!": "inf", "mae": 1.5}


def test_a_log_without_end_is_cut_and_says_so() -> None:
    reporter, events = heard()
    for _ in range(LOG_BYTES // 100_000 + 20):
        reporter.emit(LogWritten(level="info", message="x" * 100_000))
    assert "cut here" in events[-1]["message"]
    assert sum(len(event["message"]) for event in events) <= LOG_BYTES + 1000


def test_events_fold_into_a_result_that_runs_until_it_ends() -> None:
    started = {
        "event": "run_started",
        "at": "2026-01-31T00:00:00+00:00",
        "run_id": "r",
        "pipeline": "p",
        "engine": "embedded",
        "parameters": {"a": 1},
        "stages": [["load", "origin.files"]],
    }
    assert fold([started]).state == "running"
    counted = {"event": "rows_counted", "stage": "load", "rows_in": None, "rows_out": 7, "error_rows": None}
    ended = {
        "event": "run_finished",
        "at": "",
        "run_id": "r",
        "state": "finished",
        "seconds": 1.0,
        "error": None,
    }
    begun = {"event": "stage_started", "stage": "load"}
    result = fold([started, begun, counted, ended])
    assert (result.state, result.stages[0].rows_out, result.seconds) == ("finished", 7, 1.0)
    killed = fold([started, begun, counted, ended | {"state": "failed"}]).stages[0]
    assert (killed.state, killed.rows_out) == ("cancelled", None), "rows so far are not the rows there are"
    assert fold([started, ended]).stages[0].state == "skipped"
