"""Offsets that a person looks at, moves, and puts back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.app.offsets import move_offset, reset_offsets, show_offsets, undo_offsets
from headrace.app.runs import start
from headrace.app.workspace import Workspace, open_document
from headrace.core import InvalidCall

PIPELINE = """\
headrace: 1
kind: pipeline
name: stream
mode: streaming
stages:
  load: {type: origin.files, path: in/*.csv}
  out: {type: destination.files, from: load, path: out, format: csv}
"""


@pytest.fixture
def workspace(place: Any) -> Workspace:
    place.write("p.yaml", PIPELINE)
    place.write("in/a.csv", "id\n1\n")
    return open_document(place.folder / "p.yaml")


def run_once(workspace: Workspace) -> int:
    with start(workspace.project, workspace.text, file="p.yaml", once=True) as process:
        for _ in process.events():
            pass
    assert process.result().state == "finished"
    return process.result().batches or 0


def test_an_offset_shows_what_waits_and_is_reset_and_put_back(workspace: Workspace, place: Any) -> None:
    (before,) = show_offsets(workspace, {})
    assert (before["stage"], before["offset"], before["next"]["inputs"]) == ("load", None, 1)
    assert run_once(workspace) == 1
    place.write("in/b.csv", "id\n2\n3\n")
    (one,) = show_offsets(workspace, {})
    assert (one["next"]["inputs"], one["next"]["bytes"], one["version"]) == (1, 7, 1)

    reset_offsets(workspace)
    (started,) = show_offsets(workspace, {})
    assert (started["offset"], started["next"]["inputs"], started["version"]) == (None, 2, 2)

    undo_offsets(workspace)
    (back,) = show_offsets(workspace, {})
    assert back["offset"] == one["offset"]
    assert run_once(workspace) == 1
    with pytest.raises(InvalidCall, match="has been edited"):
        undo_offsets(workspace)


def test_an_edit_is_not_taken_back_once_a_run_has_gone_on_from_it(workspace: Workspace) -> None:
    run_once(workspace)
    reset_offsets(workspace, "load")
    run_once(workspace)
    with pytest.raises(InvalidCall, match="has gone on from the offset") as refused:
        undo_offsets(workspace, "load")
    assert refused.value.code == "offset-moved-since"


def test_offsets_stand_still_while_a_stream_runs(workspace: Workspace) -> None:
    with start(workspace.project, workspace.text, file="p.yaml") as process:
        next(each for each in process.events() if each["event"] == "batch_finished")
        with pytest.raises(InvalidCall) as refused:
            reset_offsets(workspace)
        process.cancel()
        for _ in process.events():
            pass
    assert refused.value.code == "stream-alive"


def test_only_an_origin_has_an_offset(workspace: Workspace) -> None:
    with pytest.raises(InvalidCall, match="no origin 'out'") as refused:
        move_offset(workspace, "out", {})
    assert refused.value.code == "no-such-origin"


def test_the_command_asks_before_it_moves_an_offset(workspace: Workspace, place: Any) -> None:
    run_once(workspace)
    refused = place.command("offsets", "reset", "p.yaml", input="n\n")
    assert refused.returncode == 1
    shown = place.json("offsets", "show", "p.yaml")
    assert shown[0]["offset"] is not None
    done = place.command("offsets", "set", "p.yaml", "load", "not json", "--yes")
    assert (done.returncode, "not-json" in done.stderr) == (2, True)
    done = place.json("offsets", "set", "p.yaml", "load", json.dumps(None), "--yes")
    assert done[0]["offset"] is None
    assert "1 file," in place.command("offsets", "show", "p.yaml").stdout
