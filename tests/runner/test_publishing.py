"""All of a batch becomes visible or none of it, whoever dies meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from headrace.core import STAGED_NOTE, Event, Output, RunFailed, Staged
from headrace.runner.publishing import finish_publish, publish, undo_staged
from headrace.storage.state import State, open_state


class Note(Staged):
    """A file that appears at ``publish``; ``break`` in its name makes publishing raise."""

    order: ClassVar[list[str]] = []

    def __init__(self, path: str, phase: str = "data") -> None:
        self.path = Path(path)
        self.phase = phase  # type: ignore[misc, assignment]

    def intent(self) -> dict[str, Any]:
        return {"path": str(self.path), "phase": self.phase}

    @classmethod
    def restore(cls, intent: Mapping[str, Any], run: Any) -> Self:
        return cls(intent["path"], intent["phase"])

    def publish(self) -> Output:
        if "break" in self.path.name:
            raise RunFailed("broken", "It does not work.")
        self.order.append(self.path.name)
        self.path.write_text("visible")
        return Output(self.path.name, "files", location=str(self.path))

    def undo(self) -> None:
        self.path.unlink(missing_ok=True)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    Note.order.clear()
    with open_state(tmp_path, project="test") as opened:
        held = opened.start_run(pipeline="p", document="", document_digest="", parameters={}, run_id="r1")
        yield opened
        held.release()


def unheard(event: Event) -> None:
    """Nobody listens."""


def test_promotions_come_after_every_destination(state: State, tmp_path: Path) -> None:
    staged: list[tuple[str, Staged]] = [
        ("gate", Note(str(tmp_path / "gate"), "promotion")),
        ("a", Note(str(tmp_path / "a"))),
        ("b", Note(str(tmp_path / "b"))),
    ]
    events: list[Event] = []
    publish(state, "r1", "0", "p", staged, (), events.append)
    assert Note.order == ["a", "b", "gate"]
    assert [event.name for event in events] == ["output_published"] * 3
    assert state.journal.open() == []


def test_when_one_cannot_be_published_all_are_taken_back(state: State, tmp_path: Path) -> None:
    staged: list[tuple[str, Staged]] = [
        ("a", Note(str(tmp_path / "a"))),
        ("break", Note(str(tmp_path / "break"))),
    ]
    with pytest.raises(RunFailed, match="does not work"):
        publish(state, "r1", "0", "p", staged, (), unheard)
    assert not (tmp_path / "a").exists()
    assert [each.status for each in state.journal.list()] == ["undone"]


def interrupted(state: State, tmp_path: Path, names: tuple[str, ...]) -> None:
    """What a process leaves that dies after its first entry."""
    from headrace.storage.state import PublishEntry

    kind = f"{Note.__module__}:Note"
    entries = [PublishEntry(name, kind, Note(str(tmp_path / name)).intent()) for name in names]
    state.journal.intend("r1", "0", pipeline="p", entries=entries)
    Note(str(tmp_path / names[0])).publish()
    state.journal.published("r1", "0", 0)


def test_whoever_comes_next_finishes_a_half_published_batch(state: State, tmp_path: Path) -> None:
    interrupted(state, tmp_path, ("a", "b"))
    (left,) = state.journal.open()
    assert finish_publish(state, left, lambda stage: None, unheard)
    assert (tmp_path / "a").exists()
    assert (tmp_path / "b").exists()
    assert state.journal.open() == []


def test_what_cannot_be_finished_is_undone(state: State, tmp_path: Path) -> None:
    interrupted(state, tmp_path, ("a", "break"))
    (left,) = state.journal.open()
    assert not finish_publish(state, left, lambda stage: None, unheard)
    assert not (tmp_path / "a").exists()
    assert state.journal.open() == []


def test_a_note_that_a_dying_run_had_not_finished_hinders_nobody(tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.write_text("half")
    whole = {"kind": f"{Note.__module__}:Note", "intent": Note(str(staged)).intent()}
    for stage, text in {"cut": '{"kind": "headr', "whole": json.dumps(whole)}.items():
        (tmp_path / stage).mkdir()
        (tmp_path / stage / STAGED_NOTE).write_text(text)
    undo_staged(tmp_path, lambda stage: None)
    assert not staged.exists()
