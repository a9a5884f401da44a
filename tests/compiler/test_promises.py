"""What a run cannot promise is said before it starts."""

from __future__ import annotations

from pathlib import Path

from headrace.app.documents import explain, validate
from headrace.app.workspace import Workspace, open_folder

HEAD = "headrace: 1\nkind: pipeline\nname: p\n"
STAGES = "stages:\n  rows: {type: origin.inline, rows: [{a: 1}]}\n"


def workspace(folder: Path, text: str) -> Workspace:
    return Workspace(open_folder(folder), text)


def test_a_destination_that_may_deliver_twice_is_a_warning(tmp_path: Path) -> None:
    text = f"{HEAD}{STAGES}  shown: {{type: destination.console, from: rows}}\n"
    (found,) = validate(workspace(tmp_path, text), {})
    assert (found.code, found.severity, found.stage, found.line) == ("at-least-once", "warning", "shown", 6)


def test_a_plan_says_what_each_destination_promises_and_why(tmp_path: Path) -> None:
    text = f"{HEAD}{STAGES}  out: {{type: destination.files, from: rows, path: out}}\n"
    plan = explain(workspace(tmp_path, text), {})
    assert plan.stages[0].guarantee is None
    assert plan.to_json()["stages"][1]["guarantee"].startswith("exactly once: ")


def test_a_stream_does_not_train(tmp_path: Path) -> None:
    text = (
        f"{HEAD}mode: streaming\n{STAGES}"
        "  train: {type: ml.train_model, from: rows, target: a, register_as: m}\n"
    )
    assert "no-training-in-a-stream" in {each.code for each in validate(workspace(tmp_path, text), {})}
    batch = text.replace("mode: streaming\n", "")
    assert "no-training-in-a-stream" not in {each.code for each in validate(workspace(tmp_path, batch), {})}
