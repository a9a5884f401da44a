from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from headrace.core import DataRefused, PromotionDecided
from headrace.ml.gates.promotion import StagedPromotion
from headrace.ml.stages.promote_model import PromoteModel
from headrace.ml.stages.train_model import TrainModel
from headrace.storage.state import open_state
from headrace.testing import StageRun

from .conftest import Home

NewRun = Callable[..., StageRun]


@pytest.fixture
def train(new_run: NewRun, frame: DataFrame, model_name: str) -> Callable[..., tuple[DataFrame, str]]:
    """Trains another version; gives its row and the run's id."""
    numbers = iter(range(100))

    def one(max_iter: int = 20, **more: Any) -> tuple[DataFrame, str]:
        run_id = f"{model_name}-run-{next(numbers)}"
        stage = TrainModel(
            target="price",
            register_as=model_name,
            max_iter=max_iter,
            importance=False,
            plots=False,
            **{"min_samples_leaf": 5, **more},
        )
        return stage.transform(frame, new_run(run=run_id))["model"], run_id

    return one


def promote(gate: PromoteModel, row: DataFrame, run: StageRun) -> PromotionDecided:
    staged = gate.write(row, run)
    staged.publish()
    event = run.events[-1]
    assert isinstance(event, PromotionDecided)
    return event


def labels(home: Home, model: str) -> dict[str, int]:
    return {label: each.version for each in home.helper.call("list_versions", model) for label in each.labels}


def test_the_better_one_is_promoted_and_the_worse_one_kept(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    gate = PromoteModel(when="rmse < production.rmse")
    decided = []
    for rounds in (5, 50, 3):
        row, run_id = train(rounds)
        decided.append(promote(gate, row, new_run("promote", run_id)))
    assert [each.decision for each in decided] == ["promoted", "promoted", "kept"]
    assert [each.production for each in decided] == [1, 2, 2]
    assert decided[2].inputs["production.version"] == 2
    assert decided[2].inputs["rmse"] > decided[2].inputs["production.rmse"]
    assert labels(home, model_name) == {"production": 2, "staging": 3}


def test_the_decision_is_on_the_version_in_its_run_and_in_the_log(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    row, run_id = train()
    decided = promote(PromoteModel(when="r2 > 2"), row, new_run("promote", run_id))
    record = home.helper.call("read_training", model_name, 1)
    assert record["version_tags"]["headrace.decision"] == "kept"
    assert record["version_tags"]["headrace.reason"] == decided.reason
    assert record["tags"]["headrace.when"] == "r2 > 2"
    with open_state(home.folder, project="test") as state:
        (logged,) = state.promotions.history(model_name)
    assert (logged.decision, logged.condition, logged.inputs) == ("kept", "r2 > 2", decided.inputs)


def test_nothing_changes_before_the_promotion_is_published(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    row, run_id = train()
    staged = PromoteModel(when="true").write(row, new_run("promote", run_id))
    assert staged.phase == "promotion"
    assert labels(home, model_name) == {"staging": 1}
    staged.undo()
    assert labels(home, model_name) == {"staging": 1}


def test_publishing_again_after_a_crash_promotes_once(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    row, run_id = train()
    run = new_run("promote", run_id)
    intent = json.loads(json.dumps(PromoteModel(when="r2 > 0").write(row, run).intent()))
    for _ in range(2):
        StagedPromotion.restore(intent, run).publish()
    assert labels(home, model_name) == {"production": 1}
    with open_state(home.folder, project="test") as state:
        assert len(state.promotions.history(model_name)) == 1


def test_a_promotion_taken_back_restores_what_was_in_production(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    gate = PromoteModel(when="true")
    first, run_id = train()
    promote(gate, first, new_run("promote", run_id))
    second, run_id = train()
    run = new_run("promote", run_id)
    staged = gate.write(second, run)
    staged.publish()
    for _ in range(2):
        staged.undo()
    assert labels(home, model_name) == {"production": 1, "staging": 2}
    with open_state(home.folder, project="test") as state:
        assert state.promotions.history(model_name)[0].kind == "rollback"


def test_one_that_finds_production_changed_decides_again(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    gate = PromoteModel(when="rmse < production.rmse")
    weak, weak_run = train(3)
    strong, strong_run = train(50)
    staged = [
        gate.write(weak, new_run("promote", weak_run)),
        gate.write(strong, new_run("promote", strong_run)),
    ]
    assert [each.verdict.promote for each in staged] == [True, True]  # type: ignore[attr-defined]
    for each in reversed(staged):
        each.publish()
    assert labels(home, model_name)["production"] == 2
    with open_state(home.folder, project="test") as state:
        last = state.promotions.history(model_name)[0]
    assert (last.version, last.decision, last.previous) == (1, "kept", 2)
    assert last.inputs["production.version"] == 2


def test_of_two_promotions_at_once_one_sees_the_other(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, home: Home, model_name: str
) -> None:
    gate = PromoteModel(when="rmse < production.rmse")
    staged = [gate.write(row, new_run("promote", run_id)) for row, run_id in (train(4), train(60))]
    threads = [threading.Thread(target=each.publish) for each in staged]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert labels(home, model_name)["production"] == 2
    with open_state(home.folder, project="test") as state:
        history = state.promotions.history(model_name)
    assert len(history) == 2
    assert history[0].previous == (history[1].version if history[1].decision == "promoted" else None)


def test_holdout_rows_that_production_was_trained_on_are_counted(
    train: Callable[..., tuple[DataFrame, str]], new_run: NewRun, model_name: str
) -> None:
    row, run_id = train()
    promote(PromoteModel(when="true"), row, new_run("promote", run_id))
    row, run_id = train(50, seed=7)
    decided = promote(PromoteModel(when="rmse < production.rmse * 2"), row, new_run("promote", run_id))
    assert decided.inputs["holdout.overlap"] > 0
    assert "was trained on" in decided.reason
    row, run_id = train(50, seed=8)
    strict = PromoteModel(when="rmse < production.rmse * 2", strict_holdout=True)
    assert promote(strict, row, new_run("promote", run_id)).decision == "kept"


def test_a_production_version_that_cannot_score_the_holdout_is_unknown(
    train: Callable[..., tuple[DataFrame, str]],
    new_run: NewRun,
    frame: DataFrame,
    model_name: str,
) -> None:
    row, run_id = train()
    promote(PromoteModel(when="true"), row, new_run("promote", run_id))
    run = new_run("train", f"{model_name}-other")
    stage = TrainModel(target="price", register_as=model_name, max_iter=5, importance=False, plots=False)
    row = stage.transform(frame.drop("area"), run)["model"]
    decided = promote(
        PromoteModel(when="rmse < production.rmse"), row, new_run("promote", f"{model_name}-other")
    )
    assert decided.decision == "kept"
    assert "needs the column 'area'" in decided.reason


def test_a_gate_wants_one_registered_version(
    new_run: NewRun, frame: DataFrame, train: Callable[..., tuple[DataFrame, str]]
) -> None:
    unregistered = TrainModel(target="price", max_iter=2, plots=False, importance=False)
    row = unregistered.transform(frame, new_run())["model"]
    with pytest.raises(DataRefused, match="register_as"):
        PromoteModel(when="r2 > 0").write(row, new_run("promote"))
    row, run_id = train(2)
    with pytest.raises(DataRefused, match="several rows"):
        PromoteModel(when="r2 > 0").write(row.union(row), new_run("promote", run_id))


def test_a_gate_that_asks_nothing_is_no_gate() -> None:
    with pytest.raises(ValueError, match="when"):
        PromoteModel()
