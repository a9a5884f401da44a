"""Runs that are cancelled, killed, or whose code misbehaves: nothing half done is left, and it is said."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import psutil
import pytest

LOAD = "  load: {type: origin.files, path: orders.csv, format: csv}\n"
WRITE = "  write: {type: destination.files, from: code, path: out, format: csv}\n"


def code(body: str, name: str = "code", above: str = "load") -> str:
    lines = "".join(f"      {line}\n" for line in body.splitlines())
    head = f"  {name}:\n    type: processor.pyspark\n    from: {above}\n"
    return f"{head}    columns: {{id: bigint}}\n    code: |\n{lines}"


FOREVER = code("import time\nprint('at work', flush=True)\nwhile True:\n    time.sleep(0.1)")


def at_work(event: dict[str, Any]) -> bool:
    return event["event"] == "log_written" and "at work" in event["message"]


def gone_within(pid: int, seconds: float) -> bool:
    try:
        psutil.Process(pid).wait(seconds)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def children(pid: int) -> list[int]:
    return [each.pid for each in psutil.Process(pid).children(recursive=True)]


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=lambda asked: asked.name)
def test_ctrl_c_cancels_and_leaves_with_130(place: Any, events_until: Any, asked: signal.Signals) -> None:
    place.pipeline(
        LOAD
        + code("import time\nprint('at work', flush=True)\ntime.sleep(3)\noutput = inputs[0].select('id')")
        + WRITE
    )
    process = place.start("run", "p.yaml", "--events")
    events_until(process, at_work)
    process.send_signal(asked)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert place.json("runs", "show", "last")["state"] == "cancelled"
    assert place.visible() == ["orders.csv"]


def test_code_that_never_returns_is_stopped_after_the_grace(place: Any, events_until: Any) -> None:
    place.pipeline(LOAD + FOREVER + WRITE)
    process = place.start("run", "p.yaml", "--events")
    events_until(process, at_work)
    (child, *_) = children(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=40)
    assert process.returncode == 130
    assert gone_within(child, 1)
    result = place.json("runs", "show", "last")
    assert (result["state"], result["error"]["code"]) == ("cancelled", "cancelled")
    assert result["seconds"] > 10, "until it was made to stop, not until the last thing it said"
    assert "Written before it stopped: nothing." in place.command("runs", "show", "last").stdout


def test_a_killed_parent_takes_its_run_with_it(place: Any, events_until: Any) -> None:
    place.pipeline(LOAD + FOREVER + WRITE)
    process = place.start("run", "p.yaml", "--events")
    events_until(process, at_work)
    below = children(process.pid)
    process.kill()
    process.communicate()
    assert all(gone_within(pid, 2) for pid in below)
    place.command("explain", "p.yaml")
    assert list((place.folder / ".headrace" / "runs").glob("*/scratch")), "looking at a plan mends nothing"
    assert place.json("runs", "show", "last")["state"] == "failed"
    assert place.json("runs", "show", "last")["error"]["code"] == "interrupted"
    assert not list((place.folder / ".headrace" / "runs").glob("*/scratch"))


def test_a_run_is_resumed_until_it_has_finished(place: Any) -> None:
    switch = "import pathlib\nassert pathlib.Path('ready').exists()\noutput = inputs[0].select('id')"
    place.pipeline(LOAD + code(switch) + WRITE)
    failed = place.json("run", "p.yaml")
    assert failed["state"] == "failed"
    place.write("ready", "")
    resumed = place.json("run", "p.yaml", "--resume", failed["run_id"])
    assert (resumed["state"], resumed["run_id"]) == ("finished", failed["run_id"])
    again = place.command("run", "p.yaml", "--resume", failed["run_id"], "--json")
    assert again.returncode == 2
    assert json.loads(again.stdout)["error"]["code"] == "run-ended"
    assert [each["state"] for each in place.json("runs", "list")] == ["finished"]


def test_a_killed_run_is_told_by_its_parent(place: Any, events_until: Any) -> None:
    place.pipeline(LOAD + FOREVER + WRITE)
    process = place.start("run", "p.yaml", "--json")
    end = time.monotonic() + 60
    while time.monotonic() < end and not place.json("runs", "list", "--state", "running"):
        pass
    run_id = place.json("runs", "list")[0]["run_id"]
    os.kill(int(next(pid for pid in children(process.pid))), signal.SIGKILL)
    out, _ = process.communicate(timeout=30)
    result = json.loads(out)
    assert process.returncode == 1
    assert (result["run_id"], result["state"], result["error"]["code"]) == (run_id, "failed", "process-died")
    assert "SIGKILL" in result["error"]["message"]
    assert {stage["state"] for stage in result["stages"]} <= {"cancelled", "skipped"}
    assert place.json("runs", "show", "last") == result, "what its parent said is what is remembered"


def test_a_run_is_cancelled_from_another_terminal(place: Any, events_until: Any) -> None:
    place.pipeline(
        LOAD
        + code("import time\nprint('at work', flush=True)\ntime.sleep(8)\noutput = inputs[0].select('id')")
        + WRITE
    )
    process = place.start("run", "p.yaml", "--events")
    events_until(process, at_work)
    said = place.command("runs", "cancel", "last").stdout
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert "nothing" in said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("rate = 1 / 0", ("ZeroDivisionError", "Line 1")),
        ("\nraise ValueError('no such house')", ("no such house", "Line 2")),
        ("import sys\nsys.exit(3)", ("exit",)),
        ("output = inputs[0].select('nope')", ("nope",)),
        ("rows = 3", ("output",)),
    ],
)
def test_user_code_that_fails_is_told_with_its_own_line(
    place: Any, body: str, words: tuple[str, ...]
) -> None:
    place.pipeline(LOAD + code(body) + WRITE)
    result = place.json("run", "p.yaml")
    assert result["state"] == "failed"
    assert result["error"]["where"] == "code"
    for word in words:
        assert word in result["error"]["message"] + str(result["error"]["hint"])
    assert place.visible() == ["orders.csv"]


def function(line: str, above: str = "load") -> str:
    """Code that hands its rows through a function, which does what ``line`` says."""
    body = "import os, sys, time\ndef rows(batches):\n    for batch in batches:\n"
    give = "        yield batch.select(['id'])\noutput = inputs[0].mapInArrow(rows, 'id bigint')"
    return code(f"{body}        {line}\n{give}", above=above)


@pytest.mark.parametrize(
    ("line", "words"),
    [("raise ValueError('no such house')", "ValueError: no such house"), ("sys.exit(3)", "SystemExit: 3")],
)
def test_a_function_that_fails_while_rows_are_written_is_told_with_its_stage_and_line(
    place: Any, line: str, words: str
) -> None:
    above = code("output = inputs[0].select('id').mapInArrow(lambda rows: rows, 'id bigint')", "above")
    path = place.pipeline(LOAD + above + function(line, "above") + WRITE)
    error = place.run()["error"]
    assert (error["code"], error["where"]) == ("user-function-failed", "code")
    assert error["message"] == f"Line 4 of its code: `{line}`. {words}"
    assert place.visible() == ["orders.csv"]
    shown = " ".join(place.command("preview", path.name, "--stage", "code").stderr.split())
    assert f"Line 4 of its code: `{line}`. {words}" in shown


def test_a_function_that_never_returns_is_stopped(place: Any, events_until: Any) -> None:
    place.pipeline(LOAD + function("print('at work', flush=True); time.sleep(300)") + WRITE)
    process = place.start("run", "p.yaml", "--events")
    events_until(process, at_work)
    (child, *_) = children(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=40)
    assert process.returncode == 130
    assert gone_within(child, 1)
    assert place.visible() == ["orders.csv"]


@pytest.mark.parametrize(
    "last", ["", 'os.write(int(sys.argv[1]), b\'{"event": "log\')'], ids=["", "mid-word"]
)
def test_user_code_that_ends_the_process_is_told(place: Any, last: str) -> None:
    place.pipeline(LOAD + code(f"import os, sys\n{last}\nos._exit(7)") + WRITE)
    result = place.json("run", "p.yaml")
    assert (result["state"], result["error"]["code"]) == ("failed", "process-died")
    assert place.json("runs", "show", "last")["state"] == "failed"


def test_the_last_event_is_always_the_end_of_the_run(place: Any) -> None:
    for body, printed in (
        ("import os\nos._exit(7)", 0),
        ("print('x\\n' * 2_000)\nraise ValueError('no')", 2_000),
    ):
        place.pipeline(LOAD + code(body) + WRITE)
        events = [json.loads(line) for line in place.command("run", "p.yaml", "--events").stdout.splitlines()]
        assert (events[-1]["event"], events[-1]["state"]) == ("run_finished", "failed")
        assert [event["event"] for event in events].count("run_finished") == 1
        assert [event.get("message") for event in events].count("x") == printed, "to the last line"


def test_user_code_that_prints_a_lot_fills_no_disk(place: Any) -> None:
    place.pipeline(
        LOAD + code("for n in range(2_000):\n    print('x' * 5_000)\noutput = inputs[0].select('id')") + WRITE
    )
    result = place.json("run", "p.yaml")
    assert result["state"] == "finished", result["error"]
    size = sum(path.stat().st_size for path in (place.folder / ".headrace").rglob("*") if path.is_file())
    assert size < 40_000_000
    assert "cut here" in place.command("runs", "logs", "last").stdout


def test_a_fork_left_behind_by_user_code_ends_with_the_run(place: Any) -> None:
    body = (
        "import subprocess\nforked = subprocess.Popen(['sleep', '300'])\n"
        "open('pid', 'w').write(str(forked.pid))\noutput = inputs[0].select('id')"
    )
    place.pipeline(LOAD + code(body) + WRITE)
    assert place.json("run", "p.yaml")["state"] == "finished"
    assert gone_within(int((place.folder / "pid").read_text()), 2)


def test_forks_of_user_code_end_where_it_ends_and_nobody_waits_for_them(place: Any) -> None:
    body = (
        "import multiprocessing, os, time\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(len, ['a', 'bc']) == [1, 2]\n"
        "for _ in range(20):\n"
        "    forked = os.fork()\n"
        "    if not forked:\n"
        "        time.sleep(300)\n"
        "    os.kill(forked, 15)\n"
        "    os.waitpid(forked, 0)\n"
        "forked = os.fork()\n"
        "if not forked:\n"
        "    print('told by the fork', flush=True)\n"
        "    print(1 / 0)\n"
        "os.waitpid(forked, 0)\n"
        "def rows(batches):\n"
        "    for batch in batches:\n"
        "        if not os.fork():\n"
        "            time.sleep(300)\n"
        "        yield batch.select(['id'])\n"
        "output = inputs[0].select('id').mapInArrow(rows, 'id bigint')\n"
    )
    place.pipeline(LOAD + code(body) + WRITE)
    result = place.json("run", "p.yaml")
    assert (result["state"], result["outputs"][0]["rows"]) == ("finished", 3), result["error"]
    assert len([path for path in place.visible() if path.startswith("out/")]) == 1
    assert "told by the fork" in place.command("runs", "logs", "last").stdout


def test_what_a_killed_run_had_staged_is_taken_away_by_the_next_command(
    place: Any, events_until: Any
) -> None:
    early = "  early: {type: destination.files, from: load, path: early, format: csv}\n"
    place.pipeline(LOAD + early + FOREVER + WRITE)
    process = place.start("run", "p.yaml", "--events")
    events_until(process, at_work)
    staging = place.folder / "early" / "_headrace" / "staging"
    assert list(staging.rglob("*.csv"))
    process.kill()
    process.communicate()
    assert place.json("runs", "show", "last")["state"] == "failed"
    assert not list(staging.rglob("*.csv"))
    assert place.visible() == ["orders.csv"]
