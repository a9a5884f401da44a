"""Documents of a few stages, and what is found wrong with them before a run."""

from __future__ import annotations

from typing import Any

from headrace.core import Issue
from headrace.project import open_project
from headrace.runner import check

HEAD = "headrace: 1\nkind: pipeline\nname: test\n"
LOAD = "  load: {type: origin.files, path: orders.csv, format: csv}\n"
FILTER = "  paid: {type: processor.filter, from: load, condition: amount > 0}\n"
TRAIN = "  train: {type: ml.train_model, from: load, target: amount, register_as: prices}\n"


def stages(*more: str) -> str:
    return f"{HEAD}stages:\n{LOAD}{''.join(more)}"


def issues(place: Any, text: str, **given: Any) -> tuple[Issue, ...]:
    found = check(open_project(place.folder), text, "p.yaml", given)
    for each in found:
        assert each.file == "p.yaml"
        assert "Traceback" not in str(each)
        assert len(each.message) < 400
    return found
