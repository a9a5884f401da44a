"""Processes killed at any moment, over and over: every batch is counted once, whoever finishes it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from headrace.core import InvalidCall
from headrace.storage.state import State

from .conftest import Spawn

WORK = """
from headrace.core import RunFailed
with state.start_run(pipeline="feed", document="", document_digest="", parameters={}) as held:
    print(held.record.id, flush=True)
    for batch in range(1_000_000):
        offset = state.offsets.get("feed", "load")
        entry = PublishEntry("keep", "m:C", {"value": (offset.value or 0) + 1})
        change = OffsetChange("load", (offset.value or 0) + 1, offset.version)
        try:
            what = {"pipeline": "feed", "entries": [entry], "offsets": [change]}
            state.journal.intend(held.record.id, str(batch), **what)
        except RunFailed as error:
            assert error.code == "offset-moved", error
            continue
        state.journal.published(held.record.id, str(batch), 0)
        state.journal.done(held.record.id, str(batch))
"""


@pytest.mark.soak
def test_batches_survive_processes_that_die_at_any_moment(
    state: State, spawn: Spawn, record_property: Callable[[str, object], None]
) -> None:
    draw = random.Random(7)
    rounds = int(os.environ.get("HEADRACE_SOAK_ROUNDS", "40"))
    for _ in range(rounds):
        children = [spawn(WORK) for _ in range(3)]
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        time.sleep(draw.uniform(0.0, 0.4))  # the moment of death is the thing drawn here
        for child in children:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        recover(state, draw)

    batches = state.journal.list()
    values = [entry.intent["value"] for each in batches if each.status == "done" for entry in each.entries]
    offset = state.offsets.get("feed", "load")
    assert {each.status for each in batches} <= {"done", "undone"}
    assert sorted(values) == list(range(1, offset.version + 1))
    assert offset.value == offset.version > rounds
    assert state.dead_runs() == []
    record_property("kills", 3 * rounds)
    record_property("batches", len(batches))


def recover(state: State, draw: random.Random) -> None:
    """What the runner does: roll forward what was published, and finish or undo the rest."""
    for run in state.dead_runs():
        try:
            lock = state.hold_run(run.id)
        except InvalidCall:
            continue
        with lock:
            for batch in state.journal.open(run.id):
                if batch.status == "published" or draw.random() < 0.5:
                    state.journal.published(run.id, batch.batch, 0)
                    state.journal.done(run.id, batch.batch)
                else:
                    state.journal.undone(run.id, batch.batch)
            state.runs.end(run.id, run.attempt, "failed", None)
