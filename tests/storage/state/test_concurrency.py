"""Several processes on one database: nothing lost, nothing twice."""

from __future__ import annotations

from pathlib import Path

from headrace.core import Warned
from headrace.storage.state import State

from .conftest import Spawn, Start

PROCESSES = 4
EACH = 40

WORK = f"""
from headrace.core import RunFailed, Warned
run_id, name = sys.argv[2:]
for step in range({EACH}):
    state.events.append(run_id, [Warned(code=name, message=str(step)), Warned(code=name, message="and")])
    while True:
        offset = state.offsets.get("counter", "load")
        change = OffsetChange("load", (offset.value or 0) + 1, offset.version)
        try:
            state.offsets.commit("counter", [change], run_id=name)
            break
        except RunFailed as error:
            assert error.code == "offset-moved", error
"""


def test_processes_that_append_and_swap_lose_nothing(state: State, start: Start, spawn: Spawn) -> None:
    run = start().record
    children = [spawn(WORK, run.id, f"worker-{number}") for number in range(PROCESSES)]
    assert [child.wait(timeout=120) for child in children] == [0] * PROCESSES

    offset = state.offsets.get("counter", "load")
    assert (offset.value, offset.version) == (PROCESSES * EACH, PROCESSES * EACH)
    events = state.events.read(run.id)
    assert [event.number for event in events] == list(range(1, 2 * PROCESSES * EACH + 1))
    for number in range(PROCESSES):
        own = [event.body["message"] for event in events if event.body["code"] == f"worker-{number}"]
        assert own == [text for step in range(EACH) for text in (str(step), "and")]


def test_processes_that_open_a_new_project_at_once_agree(tmp_path: Path, spawn: Spawn) -> None:
    children = [spawn("print(len(state.runs.list()))") for _ in range(PROCESSES)]
    assert [child.communicate(timeout=120)[0] for child in children] == ["0\n"] * PROCESSES


def test_one_process_at_a_time_has_a_model(state: State, spawn: Spawn, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    code = """
count = Path(sys.argv[1]) / "count"
for _ in range(50):
    with state.model_lock("catalog.schema.housing"):
        count.write_text(str(int(count.read_text()) + 1))
"""
    children = [spawn(code) for _ in range(PROCESSES)]
    assert [child.wait(timeout=120) for child in children] == [0] * PROCESSES
    assert (tmp_path / "count").read_text() == str(50 * PROCESSES)


def test_a_watcher_reads_on_from_the_last_event_seen(state: State, start: Start) -> None:
    run = start().record
    assert state.events.append(run.id, [Warned(code="a", message="1"), Warned(code="b", message="2")]) == 2
    seen = state.events.read(run.id, limit=1)
    assert state.events.append(run.id, [Warned(code="c", message="3")]) == 3
    rest = state.events.read(run.id, after=seen[-1].number)
    assert [(event.number, event.name, event.body["code"]) for event in rest] == [
        (2, "warned", "b"),
        (3, "warned", "c"),
    ]
    assert state.events.append(run.id, []) == 3
