"""Runs: on record from the first moment, alive while their process is, and ended once."""

from __future__ import annotations

import datetime as dt
import os
import signal
from pathlib import Path

import pytest

from headrace.core import InvalidCall, RunFailed, Secret
from headrace.storage.state import State, new_run_id, open_state, process_identity

from .conftest import Spawn, Start


def test_a_run_is_on_record_with_its_process(state: State, start: Start) -> None:
    run = start(parameters={"max_iter": 5}, engine="embedded").record
    found = state.runs.get(run.id)
    assert found == run
    assert (found.state, found.engine, found.parameters) == ("running", "embedded", {"max_iter": 5})
    assert (found.pid, found.process) == (os.getpid(), process_identity(os.getpid()))
    assert found.started.tzinfo == dt.UTC


def test_secrets_among_the_parameters_are_masked(state: State, start: Start, tmp_path: Path) -> None:
    run = start(
        parameters={"password": Secret("password", "canary-8f3"), "list": [Secret("a", "canary-8f3")]}
    )
    assert state.runs.get(run.record.id).parameters == {"password": "•••", "list": ["•••"]}
    files = [path.read_bytes() for path in (tmp_path / ".headrace").rglob("*") if path.is_file()]
    assert not any(b"canary-8f3" in content for content in files)


def test_a_secret_in_a_result_is_refused(state: State, start: Start) -> None:
    run = start().record
    with pytest.raises(InvalidCall, match=r"secret 'key' .* at outputs\[0\]\.key") as caught:
        state.runs.end(run.id, 1, "finished", {"outputs": [{"key": Secret("key", "canary")}]})
    assert caught.value.code == "secret-in-state"
    assert "canary" not in str(caught.value)
    assert state.runs.get(run.id).state == "running"


def test_a_result_keeps_numbers_that_json_lacks(state: State, start: Start) -> None:
    run = start().record
    ended = state.runs.end(
        run.id, 1, "finished", {"r2": float("nan"), "loss": float("-inf"), "name": "Zürich"}
    )
    assert ended.result is not None
    assert str(ended.result["r2"]) == "nan"
    assert ended.result["loss"] == float("-inf")
    assert ended.result["name"] == "Zürich"


def test_run_ids_sort_by_time_and_differ() -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    ids = [new_run_id(start + dt.timedelta(milliseconds=step)) for step in range(0, 5000, 7)]
    assert ids == sorted(ids)
    assert len({new_run_id(start) for _ in range(20)}) == 20  # of a million: 200 would meet once in fifty


def test_runs_are_listed_latest_first_and_found_by_what_a_person_types(state: State, start: Start) -> None:
    first, second, other = start().record, start().record, start("score").record
    state.runs.end(first.id, 1, "failed", None)
    assert [run.id for run in state.runs.list()] == [other.id, second.id, first.id]
    assert [run.id for run in state.runs.list(pipeline="train", limit=1)] == [second.id]
    assert [run.id for run in state.runs.list(state="failed")] == [first.id]
    assert state.runs.find("last").id == other.id
    assert state.runs.find(second.id[-6:]).id == second.id


def test_an_unknown_run_is_named_with_a_suggestion(state: State, start: Start) -> None:
    run = start().record
    with pytest.raises(InvalidCall, match=f"Did you mean '{run.id}'") as caught:
        state.runs.get(run.id[:-1] + "?")
    assert caught.value.code == "unknown-run"
    with pytest.raises(InvalidCall):
        state.hold_run("../elsewhere")


def test_projects_and_environments_do_not_see_each_other(state: State, start: Start, tmp_path: Path) -> None:
    run = start().record
    with open_state(tmp_path, project="p", environment="prod") as prod:
        assert prod.runs.list() == []
        with pytest.raises(InvalidCall):
            prod.runs.get(run.id)


def test_a_run_lives_as_long_as_it_is_held(state: State, start: Start) -> None:
    held = start()
    assert state.is_alive(held.record.id)
    assert state.dead_runs() == []
    with pytest.raises(InvalidCall) as caught:
        state.resume_run(held.record.id)
    assert caught.value.code == "run-alive"
    held.release()
    assert not state.is_alive(held.record.id)
    assert [run.id for run in state.dead_runs()] == [held.record.id]


HOLD = "held = state.start_run(pipeline='t', document='', document_digest='', parameters={})\n"
FORK = """
import os
ready, tell = os.pipe()
if not os.fork():
    os.close(1)
    os.write(tell, b".")
    sys.stdin.read()
    os._exit(0)
os.read(ready, 1)
"""


@pytest.mark.parametrize("more", ["", FORK], ids=["alone", "with a forked child that lives on"])
def test_a_killed_process_leaves_a_dead_run(state: State, spawn: Spawn, more: str) -> None:
    child = spawn(HOLD + more + "print(held.record.id, flush=True); sys.stdin.read()")
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    assert state.is_alive(run_id)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not state.is_alive(run_id)
    assert [run.id for run in state.dead_runs()] == [run_id]


def test_one_recoverer_at_a_time_holds_a_dead_run(state: State, start: Start) -> None:
    held = start()
    held.release()
    with state.hold_run(held.record.id), pytest.raises(InvalidCall):
        state.hold_run(held.record.id)


def test_a_resumed_run_is_a_new_attempt_and_the_old_one_may_not_end_it(state: State, start: Start) -> None:
    first = start()
    state.cancels.request(first.record.id, actor="somebody")
    first.release()
    with state.resume_run(first.record.id) as again:
        assert (again.record.attempt, again.record.state) == (2, "running")
        assert state.cancels.get(first.record.id) is None
        with pytest.raises(RunFailed) as caught:
            state.runs.end(first.record.id, 1, "failed", None)
        assert caught.value.code == "stale-attempt"
        state.runs.end(first.record.id, 2, "finished", {})
    assert [each.state for each in state.runs.attempts(first.record.id)] == ["failed", "finished"]


def test_only_a_running_run_can_be_asked_to_stop(state: State, start: Start) -> None:
    run = start().record
    assert state.cancels.request(run.id, actor="ada", reason="wrong data")
    assert state.cancels.request(run.id, actor="bob")
    asked = state.cancels.get(run.id)
    assert asked is not None
    assert (asked.actor, asked.reason) == ("ada", "wrong data")
    state.runs.end(run.id, 1, "cancelled", None)
    assert not state.cancels.request(run.id)
    assert not state.cancels.request("20260101-000000-nothere")


def test_a_process_is_known_by_when_it_started(spawn: Spawn) -> None:
    child = spawn("sys.stdin.read()")
    identity = process_identity(child.pid)
    assert identity == process_identity(child.pid)
    assert identity != process_identity(os.getpid())
    child.communicate()
    assert process_identity(child.pid) is None
