"""What has to be counted, and what follows from what is counted anyway."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from headrace.compiler import Plan, Surroundings, compile_pipeline
from headrace.project import open_project, read_pipeline
from headrace.runner import prepare
from headrace.runner.counting import Counts, groups, marks

HEAD = "headrace: 1\nkind: pipeline\nname: test\nstages:\n"
LOAD = "  load: {type: origin.inline, rows: [{a: 1, b: 2}]}\n"


def plan_of(body: str) -> Plan:
    around = Surroundings({}, {}, lambda wanted, needs: ("embedded", "test"))
    return compile_pipeline(read_pipeline(HEAD + LOAD + body), {}, around)


CHAIN = """\
  fewer: {type: processor.filter, from: load, condition: a > 0}
  named: {type: processor.rename_fields, from: fewer, rename: {b: c}}
  out: {type: destination.discard, from: named}
"""


def test_stages_that_keep_rows_share_the_count_of_what_comes_in() -> None:
    found = groups(plan_of(CHAIN))
    assert found["fewer", None] == found["named", None]
    assert found["load", None] != found["fewer", None]


def test_readers_and_writers_know_so_nothing_is_marked_between_them() -> None:
    assert marks(plan_of(CHAIN), "stages") == frozenset()


def test_a_stage_between_two_that_change_rows_is_marked_once() -> None:
    plan = plan_of(
        "  one: {type: processor.filter, from: load, condition: a > 0}\n"
        "  two: {type: processor.filter, from: one, condition: b > 0}\n"
        "  out: {type: destination.discard, from: two}\n"
    )
    assert marks(plan, "stages") == {("one", None)}
    assert marks(plan, "ends") == marks(plan, "off") == frozenset()


def test_what_a_writer_took_is_what_the_stages_before_it_gave() -> None:
    plan = plan_of(CHAIN)
    counts = Counts(plan)
    counts.say_out("load", None, 10)
    counts.say_in("out", 4)
    assert [counts.of(step)[:2] for step in plan.steps] == [(None, 10), (10, 4), (4, 4), (4, None)]


def test_what_is_not_known_is_none_and_never_a_guess() -> None:
    plan = plan_of(CHAIN)
    counts = Counts(plan)
    counts.say_out("load", None, 10)
    assert counts.of(plan.step("named")) == (None, None, None)


def test_error_rows_are_what_came_in_and_did_not_go_out() -> None:
    plan = plan_of(
        "  typed: {type: processor.convert_types, from: load, columns: {a: date}, on_error: discard}\n"
        "  out: {type: destination.discard, from: typed}\n"
    )
    counts = Counts(plan)
    counts.say_out("load", None, 10)
    counts.say_in("out", 7)
    assert counts.of(plan.step("typed")) == (10, 7, 3)


def test_counting_elsewhere_than_the_document_says_is_the_same_document(tmp_path: Path) -> None:
    text = HEAD + LOAD + "  out: {type: destination.discard, from: load}\n"
    given: dict[str, Any] = {"run_id": "r", "started": dt.datetime.now(dt.UTC)}
    plan = prepare(open_project(tmp_path), text, "p.yaml", {}, counts="ends", **given)
    assert (plan.counts, plan.pipeline.counts) == ("ends", "stages")
    assert plan.pipeline.digest() == read_pipeline(text).digest()
