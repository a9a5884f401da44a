"""Events folded into the result of a run: one way behind the terminal, JSON, Python and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.core import Json

from .result import ErrorInfo, ModelInfo, PromotionInfo, RunResult, StageResult

__all__ = ["KEPT_BATCHES", "Fold", "fold"]

COUNTS = ("rows_in", "rows_out", "error_rows")
MOST_WARNINGS = 500
LEFT = ("waiting", "running")
"""States that no stage of a run has once the run has ended."""


KEPT_BATCHES = 20
"""Batches of a stream that its record shows one by one; the others are in the totals."""


def fold(events: Iterable[Mapping[str, Json]]) -> RunResult:
    """The result that these events (as JSON, in order) amount to; ``state`` is ``running`` without an end."""
    folded = Fold()
    for event in events:
        folded.take(event)
    return folded.result()


class Fold:
    """Takes events one by one and keeps none of them: a stream tells of batches without end."""

    def __init__(self) -> None:
        self.ended = False
        self._stages: dict[str, dict[str, Any]] = {}
        self._facts = _nothing()

    def take(self, event: Mapping[str, Json]) -> None:
        """The next event."""
        self.ended = self.ended or event["event"] == "run_finished"
        fold_one = _FOLDS.get(event["event"])
        if fold_one is not None:
            fold_one(self._facts, self._stages, event)

    def result(self) -> RunResult:
        """What the events so far amount to."""
        return RunResult(**self._facts, stages=tuple(StageResult(**each) for each in self._stages.values()))


def _nothing() -> dict[str, Any]:
    return {
        "run_id": "",
        "pipeline": "",
        "state": "running",
        "started": "",
        "seconds": 0.0,
        "outputs": [],
        "models": [],
        "promotions": [],
        "warnings": [],
        "issues": [],
    }


def _run_started(facts: dict[str, Any], stages: dict[str, Any], event: Mapping[str, Any]) -> None:
    facts.update({key: event[key] for key in ("run_id", "pipeline", "engine", "parameters")})
    facts["started"] = event["at"]
    for name, kind in event["stages"]:
        stages[name] = {"name": name, "type": kind, "state": "waiting"}


def _stage_started(_: dict[str, Any], stages: dict[str, Any], event: Mapping[str, Any]) -> None:
    stages[event["stage"]]["state"] = "running"


def _rows_counted(_: dict[str, Any], stages: dict[str, Any], event: Mapping[str, Any]) -> None:
    counts = {key: event[key] for key in COUNTS if event[key] is not None}
    stages[event["stage"]].update(counts)


def _stage_finished(_: dict[str, Any], stages: dict[str, Any], event: Mapping[str, Any]) -> None:
    stages[event["stage"]].update({key: event[key] for key in ("state", *COUNTS, "seconds")})


def _output_published(facts: dict[str, Any], _: dict[str, Any], event: Mapping[str, Any]) -> None:
    facts["outputs"].append(event["output"])


def _model_registered(facts: dict[str, Any], _: dict[str, Any], event: Mapping[str, Any]) -> None:
    facts["models"].append(
        ModelInfo(
            name=event["model"], version=event["version"], metrics=event["metrics"], run_id=event["run_id"]
        )
    )


def _promotion_decided(facts: dict[str, Any], _: dict[str, Any], event: Mapping[str, Any]) -> None:
    keys = PromotionInfo.model_fields
    facts["promotions"].append(PromotionInfo(**{key: event[key] for key in keys}))


def _warned(facts: dict[str, Any], _: dict[str, Any], event: Mapping[str, Any]) -> None:
    said = {key: event[key] for key in ("code", "message", "stage")}
    if said not in facts["warnings"] and len(facts["warnings"]) < MOST_WARNINGS:
        facts["warnings"].append(said)


def _batch_finished(facts: dict[str, Any], stages: dict[str, Any], event: Mapping[str, Any]) -> None:
    facts["batches"] = event["count"]
    facts["outputs"] = list(event["outputs"])
    shown = {key: event[key] for key in ("batch", "at", "seconds", "stages")}
    facts["last_batches"] = [*facts.get("last_batches", ()), shown][-KEPT_BATCHES:]
    for name, totals in event["totals"].items():
        stages[name].update({"state": "finished", **totals})


def _issues_found(facts: dict[str, Any], _: dict[str, Any], event: Mapping[str, Any]) -> None:
    facts["issues"].extend(event["issues"])


def _run_finished(facts: dict[str, Any], stages: dict[str, Any], event: Mapping[str, Any]) -> None:
    facts.update(run_id=event["run_id"], state=event["state"], seconds=event["seconds"])
    facts["started"] = facts["started"] or event["at"]
    facts["error"] = ErrorInfo(**event["error"]) if event["error"] else None
    for stage in stages.values():
        if stage["state"] in LEFT:  # its process could not say more
            how = "skipped" if stage["state"] == "waiting" else event["state"]
            stage["state"] = "cancelled" if how == "failed" else how
            if how != "finished":
                stage.update(dict.fromkeys(COUNTS))


_FOLDS = {
    "run_started": _run_started,
    "stage_started": _stage_started,
    "rows_counted": _rows_counted,
    "stage_finished": _stage_finished,
    "output_published": _output_published,
    "model_registered": _model_registered,
    "promotion_decided": _promotion_decided,
    "warned": _warned,
    "issues_found": _issues_found,
    "batch_finished": _batch_finished,
    "run_finished": _run_finished,
}
