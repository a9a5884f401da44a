"""The journal: what was intended is finished or undone, and offsets move with it or not at all."""

from __future__ import annotations

import pytest

from headrace.core import InvalidCall, RunFailed, Secret
from headrace.storage.state import OffsetChange, PublishEntry, State

from .conftest import Start

FILES = PublishEntry("archive", "headrace.storage.objects:StagedFiles", {"manifest": "s3://b/m.json"})
GATE = PublishEntry("promote", "headrace.ml:StagedPromotion", {"model": "housing"}, phase="promotion")


def intend(state: State, run_id: str, expected: int = 0, value: object = "b.csv") -> None:
    change = OffsetChange("load", value, expected)
    state.journal.intend(run_id, "1", pipeline="train", entries=[FILES, GATE], offsets=[change])


def test_a_batch_goes_from_intent_through_each_entry_to_done(state: State, start: Start) -> None:
    run = start().record
    intend(state, run.id)
    (open_,) = state.journal.open()
    assert (open_.status, open_.pipeline, open_.offsets) == (
        "intended",
        "train",
        (OffsetChange("load", "b.csv", 0),),
    )
    assert open_.entries == (FILES, GATE)
    assert state.offsets.get("train", "load").version == 0

    assert state.journal.published(run.id, "1", 0, {"rows": 3}).status == "intended"
    assert state.journal.published(run.id, "1", 1).status == "published"
    state.journal.done(run.id, "1")
    state.journal.done(run.id, "1")

    assert state.journal.open() == []
    found = state.journal.get(run.id, "1")
    assert found is not None
    assert (found.status, found.entries[0].output) == ("done", {"rows": 3})
    offset = state.offsets.get("train", "load")
    assert (offset.value, offset.version, offset.run_id) == ("b.csv", 1, run.id)


def test_a_batch_is_not_done_before_all_of_it_is_visible(state: State, start: Start) -> None:
    run = start().record
    intend(state, run.id)
    state.journal.published(run.id, "1", 0)
    with pytest.raises(InvalidCall, match="not published: promote") as caught:
        state.journal.done(run.id, "1")
    assert caught.value.code == "publish-out-of-order"
    assert state.offsets.get("train", "load").version == 0


def test_an_undone_batch_frees_its_offsets_and_may_intend_again(state: State, start: Start) -> None:
    run = start().record
    intend(state, run.id)
    state.journal.published(run.id, "1", 0)
    state.journal.undone(run.id, "1")
    state.journal.undone(run.id, "1")
    assert state.journal.open() == []
    with pytest.raises(InvalidCall):
        state.journal.done(run.id, "1")
    intend(state, run.id)
    assert [entry.status for entry in state.journal.open()[0].entries] == ["intended", "intended"]


def test_a_batch_intends_once(state: State, start: Start) -> None:
    run = start().record
    intend(state, run.id)
    with pytest.raises(InvalidCall, match="journaled already"):
        intend(state, run.id)
    with pytest.raises(InvalidCall, match="no intent"):
        state.journal.done(run.id, "2")


def test_two_runs_cannot_publish_from_the_same_offset(state: State, start: Start) -> None:
    first, second = start().record, start().record
    intend(state, first.id)
    with pytest.raises(RunFailed, match=f"run '{first.id}' is publishing") as caught:
        intend(state, second.id)
    assert caught.value.code == "offset-moved"
    assert state.journal.get(second.id, "1") is None
    with pytest.raises(RunFailed):
        state.offsets.commit("train", [OffsetChange("load", "c.csv", 0)], run_id=second.id)

    for position in (0, 1):
        state.journal.published(first.id, "1", position)
    state.journal.done(first.id, "1")
    with pytest.raises(RunFailed, match="at version 1, this batch was read from version 0"):
        intend(state, second.id)
    intend(state, second.id, expected=1)


def test_an_intent_with_a_secret_is_refused_whole(state: State, start: Start) -> None:
    run = start().record
    entry = PublishEntry("archive", "m:C", {"key": Secret("key", "canary")})
    with pytest.raises(InvalidCall, match="secret 'key'"):
        state.journal.intend(run.id, "1", pipeline="train", entries=[entry])
    assert state.journal.list() == []


def test_offsets_move_together_or_not_at_all(state: State) -> None:
    state.offsets.commit("train", [OffsetChange("a", 1, 0)], run_id="r1")
    with pytest.raises(RunFailed):
        state.offsets.commit("train", [OffsetChange("b", 1, 0), OffsetChange("a", 9, 0)], run_id="r2")
    assert [offset.stage for offset in state.offsets.list("train")] == ["a"]


def test_committing_the_same_offset_again_by_the_same_run_changes_nothing(state: State) -> None:
    change = OffsetChange("a", {"last": "b.csv"}, 0)
    for _ in range(2):
        state.offsets.commit("train", [change], run_id="r1")
    assert state.offsets.get("train", "a").version == 1
    with pytest.raises(RunFailed):
        state.offsets.commit("train", [change], run_id="r2")


def test_a_reset_offset_reads_from_the_start(state: State) -> None:
    state.offsets.commit("train", [OffsetChange("a", 1, 0), OffsetChange("b", 1, 0)], run_id="r1")
    assert state.offsets.reset("train", "a") == 1
    assert state.offsets.get("train", "a").version == 0
    assert state.offsets.get("train", "b").version == 1
    assert state.offsets.reset("train") == 1
