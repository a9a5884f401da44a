from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from pyspark.sql import DataFrame, SparkSession

from headrace.core import InvalidCall, PromotionDecided, TrackingSettings
from headrace.ml import list_models, promote, rollback, show_model
from headrace.ml.stages.promote_model import PromoteModel
from headrace.ml.stages.score_rows import ScoreRows
from headrace.ml.stages.train_model import TrainModel
from headrace.ml.tracking.helper import helper_for
from headrace.testing import StageRun

from .conftest import Home

# SQLAlchemy 2.1 calls deprecated what MLflow's own client asks of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]


@pytest.fixture(scope="module", params=["aliases", "stages"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    tracking = TrackingSettings(labels=request.param)
    found = Home(tmp_path_factory.mktemp(request.param), tracking=tracking)
    yield found
    helper_for(found.folder, tracking).close()


@pytest.fixture
def versions(place: Home, session: SparkSession, frame: DataFrame, model_name: str) -> Callable[[int], str]:
    def make(count: int) -> str:
        stage = TrainModel(target="price", register_as=model_name, max_iter=2, importance=False, plots=False)
        for number in range(count):
            run = StageRun(
                session, place.folder, stage="t", id=f"{model_name}-{number}", tracking=place.tracking
            )
            stage.transform(frame, run)
        return model_name

    return make


def labels(place: Home, model: str) -> tuple[int | None, int | None]:
    shown = show_model(place, model)
    return shown["production"], shown["staging"]


def test_both_back_ends_promote_and_roll_back(place: Home, versions: Callable[[int], str]) -> None:
    model = versions(3)
    assert labels(place, model) == (None, 3)
    promote(place, model, 1)
    promote(place, model, "3", reason="looked at it")
    assert labels(place, model) == (3, None)
    said = rollback(place, model)
    assert (said["version"], said["production"], said["previous"], said["kind"]) == (1, 1, 3, "rollback")
    assert labels(place, model)[0] == 1
    with pytest.raises(InvalidCall) as caught:
        rollback(place, model)
    assert caught.value.code == "nothing-to-roll-back"
    history = show_model(place, model)["decisions"]
    assert [(each["kind"], each["version"]) for each in history] == [
        ("rollback", 1),
        ("manual", 3),
        ("manual", 1),
    ]
    assert history[1]["reason"] == "looked at it"
    assert history[1]["actor"]


def test_gates_and_scoring_go_by_the_labels_that_the_registry_has(
    place: Home, session: SparkSession, frame: DataFrame, model_name: str
) -> None:
    def run(stage: str, number: int) -> StageRun:
        return StageRun(
            session, place.folder, stage=stage, id=f"{model_name}-{number}", tracking=place.tracking
        )

    decided = []
    for number, rounds in enumerate((5, 40, 2)):
        stage = TrainModel(
            target="price", register_as=model_name, max_iter=rounds, importance=False, plots=False
        )
        row = stage.transform(frame, run("train", number))["model"]
        gate = PromoteModel(when="rmse < production.rmse").write(row, asked := run("gate", number))
        gate.publish()
        event = asked.events[-1]
        assert isinstance(event, PromotionDecided)
        decided.append((event.decision, event.production))
    assert decided == [("promoted", 1), ("promoted", 2), ("kept", 2)]
    assert labels(place, model_name) == (2, 3)
    for label, version in (("production", 2), ("staging", 3)):
        scored = ScoreRows(model=model_name, stage=label).transform(frame, run("score", version))
        assert scored.select("model_version").distinct().collect() == [(version,)]

    client = MlflowClient(place.helper.store.tracking_uri)
    found = [client.get_model_version(model_name, str(number)) for number in (1, 2, 3)]
    if place.tracking.labels == "stages":
        assert [each.current_stage for each in found] == ["Archived", "Production", "Staging"]
        assert not any(each.aliases for each in found)
    else:
        assert [list(each.aliases) for each in found] == [[], ["production"], ["staging"]]
        assert {each.current_stage for each in found} == {"None"}


def test_models_are_listed_with_their_labels(place: Home, versions: Callable[[int], str]) -> None:
    model = versions(2)
    promote(place, model, 1)
    (found,) = [each for each in list_models(place) if each["name"] == model]
    assert (found["production"], found["staging"], found["versions"]) == (1, 2, 2)


def test_what_is_not_there_is_said_with_what_is(place: Home, versions: Callable[[int], str]) -> None:
    model = versions(1)
    with pytest.raises(InvalidCall) as caught:
        show_model(place, model + "x")
    assert caught.value.code == "unknown-model"
    assert caught.value.hint == f"Did you mean '{model}'?"
    with pytest.raises(InvalidCall) as caught:
        promote(place, model, 9)
    assert caught.value.code == "unknown-version"
    with pytest.raises(InvalidCall) as caught:
        promote(place, model, "production")
    assert caught.value.code == "no-such-version"


def test_promoting_what_is_in_production_says_so(place: Home, versions: Callable[[int], str]) -> None:
    model = versions(1)
    promote(place, model, "staging")
    with pytest.raises(InvalidCall) as caught:
        promote(place, model, 1)
    assert caught.value.code == "already-production"


def test_the_store_is_the_projects_own_and_no_other(place: Home) -> None:
    assert isinstance(place.folder, Path)
    assert (place.folder / ".headrace" / "mlflow.db").exists()
