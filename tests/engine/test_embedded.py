"""The embedded engine: one server per process, one session per engine, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from headrace.core import EngineSettings, InvalidCall
from headrace.engine import open_engine
from headrace.engine.server import server_environment


def test_a_query_answers(any_engine):
    assert any_engine.session.range(5).count() == 5


def test_results_do_not_depend_on_the_machines_time_zone(any_engine):
    conf = any_engine.session.conf
    assert (conf.get("spark.sql.session.timeZone"), conf.get("spark.sql.ansi.enabled")) == ("UTC", "true")


def test_sessions_do_not_see_each_others_views(engine, tmp_path):
    engine.session.range(1).createOrReplaceTempView("mine")
    with open_engine("embedded", scratch=tmp_path) as other:
        with pytest.raises(Exception, match="mine"):
            other.session.table("mine").collect()
        assert other.session.range(2).count() == 2
    assert engine.session.table("mine").count() == 1
    engine.session.catalog.dropTempView("mine")


def test_a_checkpoint_works_though_another_session_was_opened_later(engine, tmp_path):
    with open_engine("embedded", scratch=tmp_path) as other:
        assert other.session.range(3).localCheckpoint().count() == 3
        assert engine.session.range(4).localCheckpoint().count() == 4
    _ = engine.session


def test_a_session_works_in_another_thread(engine):
    found = []
    thread = threading.Thread(target=lambda: found.append(engine.session.range(4).localCheckpoint().count()))
    thread.start()
    thread.join()
    assert found == [4]


def test_children_that_are_forked_beside_an_engine_live(engine):
    """Spark's launcher forks, and so does user code; gRPC's own handlers end one child in thirty."""
    assert engine.session.range(1).count() == 1
    children = [subprocess.Popen(["true"], preexec_fn=lambda: None) for _ in range(100)]
    assert {child.wait(timeout=60) for child in children} == {0}


def test_closing_twice_is_fine(engine, tmp_path):
    other = open_engine("embedded", scratch=tmp_path)
    other.close()
    other.close()
    other.interrupt()
    assert engine.session.range(1).count() == 1


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(InvalidCall, match="No engine 'flink'"):
        open_engine("flink", scratch=tmp_path)


def test_the_server_is_tuned_to_what_the_settings_allow(tmp_path):
    chosen = server_environment(EngineSettings(memory="1GB", threads=3), tmp_path)
    assert chosen["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] == str(2**30)
    assert chosen["SAIL_EXECUTION__DEFAULT_PARALLELISM"] == chosen["TOKIO_WORKER_THREADS"] == "3"
    assert str(tmp_path) in chosen["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"]


def test_a_plan_of_five_hundred_steps_does_not_crash_the_process(session):
    frame = session.range(3)
    for number in range(500):
        frame = frame.where(f"id != {number + 10}")
    assert frame.count() == 3


PROGRAM = """
import os, sys
from pathlib import Path
from headrace.engine import open_engine

before = dict(os.environ)
with open_engine("embedded", scratch=Path(sys.argv[1])) as engine:
    assert engine.session.range(10).count() == 10
with open_engine("embedded", scratch=Path(sys.argv[1])) as engine:
    assert engine.session.range(10).count() == 10
added = set(os.environ) - set(before)
assert added <= {"SPARK_CONNECT_MODE_ENABLED"}, added
"""


def test_a_process_starts_twice_stops_cleanly_says_nothing_and_keeps_its_environment(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SPARK")}
    ended = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "scratch")],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
