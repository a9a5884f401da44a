"""Runs killed at any moment: the next command finds all of a run or nothing of it, and says which."""

from __future__ import annotations

import contextlib
import csv
import gzip
import itertools
import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.app.runs import list_runs, start
from headrace.app.workspace import open_document, state_of
from headrace.ml.tracking.helper import helper_for

HOUSES = Path(__file__).parents[2] / "examples" / "housing" / "data" / "houses-1.csv.gz"
ROWS = 400
STORY = """\
headrace: 1
kind: pipeline
name: story
stages:
  load: {type: origin.files, path: houses.csv}
  clean: {type: processor.remove_fields, from: load, fields: [_c0]}
  label: {type: processor.rename_fields, from: clean, rename: {price: label}}
  train:
    type: ml.train_model
    from: label
    target: label
    max_iter: 10
    cv_folds: 2
    importance: false
    plots: false
    register_as: houses
  promote: {type: ml.promote_model, from: train, when: rmse <= 2 * production.rmse}
  one: {type: destination.files, from: label, path: one, format: csv}
  two: {type: destination.files, from: clean, path: two, format: csv, partition_by: [waterfront]}
"""


class Story:
    """The housing story in small, killed again and again in one folder."""

    def __init__(self, place: Any) -> None:
        self.place = place
        with gzip.open(HOUSES, "rt") as houses:
            place.write("houses.csv", "".join(itertools.islice(houses, ROWS + 1)))
        place.write("p.yaml", STORY)
        self.workspace = open_document(place.folder / "p.yaml")
        self.project = self.workspace.project
        self.said: str | None = None

    def run(
        self, kill_after: int | None = None, delay: float = 0.0, group: bool = False, ask: bool = True
    ) -> tuple[str, int]:
        """A run's id and how many events it told; killed ``delay`` seconds after that many of them.

        With ``ask``, whoever started it asks how it ended, which mends it; else the next command does.
        """
        told = 0
        self.said = None
        timer: threading.Timer | None = None
        with start(self.project, self.workspace.text, file="p.yaml") as process:

            def kill() -> None:
                with contextlib.suppress(ProcessLookupError):
                    (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)

            for _ in process.events():
                told += 1
                if told == kill_after:
                    timer = threading.Timer(delay, kill)
                    timer.start()
            if timer is not None:
                timer.cancel()
                timer.join()
            if ask:
                self.said = process.result().state
        return process.run_id, told

    def rows(self, folder: str, run_id: str) -> int:
        """Rows that a reader of a destination sees of one run."""
        files = [each for each in (self.place.folder / folder).rglob("part-*.csv") if run_id in each.name]
        shown = [each for each in files if "_headrace" not in each.parts]
        total = 0
        for file in shown:
            with file.open(newline="") as text:
                total += sum(1 for _ in csv.reader(text)) - 1
        return total

    def tracked(self, query: str) -> list[Any]:
        path = self.place.folder / ".headrace" / "mlflow.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(path)) as store:
            return [row[0] for row in store.execute(query)]


@pytest.fixture
def story(place: Any) -> Iterator[Story]:
    made = Story(place)
    yield made
    helper_for(made.project.folder, made.project.tracking).close()


def check(story: Story, run_id: str, moment: str) -> str:
    """The next command recovers; then every promise holds. Gives the state that the run ended in."""
    known = {each.run_id: each for each in list_runs(story.project, limit=100)}
    state = known[run_id].state if run_id in known else "failed"
    rows = (story.rows("one", run_id), story.rows("two", run_id))
    assert state in ("finished", "failed"), moment
    assert story.said in (None, state), f"{moment}: its parent said otherwise"
    assert rows == ((ROWS, ROWS) if state == "finished" else (0, 0)), moment
    with state_of(story.project) as opened:
        assert opened.journal.open() == [], moment
        log = opened.promotions.history("houses")
    assert [each.decision for each in log if each.run_id == run_id] == ["promoted"] * (state == "finished")
    promoted = [each.version for each in log if each.decision == "promoted"]
    production = story.tracked("select version from registered_model_aliases where alias = 'production'")
    assert production == promoted[:1], moment
    assert set(promoted) <= set(story.tracked("select version from model_versions")), moment
    assert story.tracked("select run_uuid from runs where status = 'RUNNING'") == [], moment
    assert leftovers(story.place.folder) == [], moment
    return str(state)


def leftovers(folder: Path) -> list[str]:
    """Scratch, staging and notes that nobody needs any more."""
    state = folder / ".headrace"
    found = [*state.glob("runs/*/scratch"), *state.glob("tracking/*"), *folder.glob("*/_headrace/pending/*")]
    found += folder.glob("*/_headrace/staging/*")
    return [str(each.relative_to(folder)) for each in found]


def killed_at_random(story: Story, seed: int, times: int) -> list[str]:
    draw = random.Random(seed)
    run_id, events = story.run()
    states = [check(story, run_id, "not killed")]
    assert states == ["finished"]
    for number in range(times):
        # Spread over the run, so that few kills find every part of it.
        after = 1 + int(events * (number + draw.random()) / times)
        delay, group = draw.choice((0, draw.random() * 0.1, draw.random())), draw.random() < 0.5
        moment = f"seed {seed}, {delay:.3f} s after event {after} of {events}{' (its group)' * group}"
        run_id, _ = story.run(after, delay, group, ask=number % 2 == 0)
        states.append(check(story, run_id, moment))
    run_id, _ = story.run()
    assert check(story, run_id, "after all kills") == "finished"
    return states


def test_a_run_killed_at_six_moments_leaves_all_or_nothing(story: Story) -> None:
    assert "failed" in killed_at_random(story, seed=11, times=6)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
def test_a_run_killed_at_twenty_moments_leaves_all_or_nothing(
    story: Story, seed: int, record_property: Callable[[str, object], None]
) -> None:
    states = killed_at_random(story, seed, times=20)
    record_property("kills", 20)
    record_property("of them after everything was published", states[1:-1].count("finished"))
    assert "failed" in states
