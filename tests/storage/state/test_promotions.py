"""The promotion log, the model's lock, and the schema cache."""

from __future__ import annotations

import pytest

from headrace.core import Schema, Unavailable
from headrace.storage.state import State


def test_the_log_tells_every_decision_latest_first(state: State) -> None:
    common = {"model": "housing", "inputs": {"r2": 0.9, "production.r2": float("nan")}}
    state.promotions.append(
        "run-1.promote",
        kind="promotion",
        version=1,
        decision="promoted",
        previous=None,
        condition="r2 >= 0.85",
        reason="r2 0.9 is at least 0.85",
        run_id="run-1",
        **common,  # type: ignore[arg-type]
    )
    state.promotions.append(
        "undo-1",
        kind="rollback",
        version=1,
        decision="promoted",
        previous=2,
        reason="bad",
        actor="ada",
        **common,  # type: ignore[arg-type]
    )
    state.promotions.append(
        "x", kind="manual", model="other", version=7, decision="promoted", previous=6, reason="r"
    )
    rollback, first = state.promotions.history("housing")
    assert (rollback.kind, rollback.previous, rollback.actor) == ("rollback", 2, "ada")
    assert (first.kind, first.condition, first.run_id) == ("promotion", "r2 >= 0.85", "run-1")
    assert str(first.inputs["production.r2"]) == "nan"
    assert rollback.at >= first.at
    assert [each.model for each in state.promotions.history(limit=1)] == ["other"]


def test_a_decision_written_again_after_a_crash_is_the_same_line(state: State) -> None:
    written = [
        state.promotions.append(
            "run-1.promote",
            kind="promotion",
            model="m",
            version=1,
            decision="promoted",
            previous=None,
            reason=why,
        )
        for why in ("first", "again")
    ]
    assert written[0] == written[1]
    assert len(state.promotions.history("m")) == 1


def test_a_held_model_makes_others_wait_and_then_say_so(state: State) -> None:
    with state.model_lock("a/b"):
        with pytest.raises(Unavailable, match="model 'a/b'") as caught, state.model_lock("a/b", wait=0.05):
            pass
        with state.model_lock("a-b", wait=0.05):
            pass
    assert caught.value.code == "model-locked"
    with state.model_lock("a/b", wait=0.05):
        pass


def test_a_schema_is_remembered_until_it_is_replaced(state: State) -> None:
    assert state.schemas.get("key") is None
    for schema in (Schema.of({"a": "bigint"}), Schema.of({"a": "string", "b": "array<double>"})):
        state.schemas.put("key", schema)
        assert state.schemas.get("key") == schema
