"""Registered models of a project, after what dead processes left has been finished."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headrace import ml
from headrace.core import Json
from headrace.project import Project

from .workspace import state_of

__all__ = [
    "compare",
    "list_models",
    "promote",
    "rollback",
    "score_file",
    "score_rows",
    "serve_ui",
    "show_model",
]


def list_models(project: Project) -> list[dict[str, Json]]:
    """Each registered model: ``name, staging, production, versions, description``."""
    with state_of(project):
        return ml.list_models(project)


def show_model(project: Project, model: str) -> dict[str, Json]:
    """A model's versions, and every decision about them, the latest first."""
    with state_of(project):
        return ml.show_model(project, model)


def compare(
    project: Project, model: str, first: str, second: str, *, everything: bool = False
) -> dict[str, Any]:
    """Two versions side by side; only what differs unless ``everything``."""
    with state_of(project):
        return ml.compare_versions(project, model, first, second, everything=everything)


def promote(project: Project, model: str, version: str, *, reason: str | None = None) -> dict[str, Json]:
    """Puts a version into production by hand."""
    with state_of(project):
        return ml.promote(project, model, version, reason=reason)


def rollback(project: Project, model: str, *, reason: str | None = None) -> dict[str, Json]:
    """Puts the production version before back, in one step."""
    with state_of(project):
        return ml.rollback(project, model, reason=reason)


def score_file(
    project: Project, model: str, rows: Path, *, version: str = "production", output: Path | None = None
) -> dict[str, Json]:
    """Scores a file of raw rows; CSV on standard output without ``output``."""
    with state_of(project):
        return ml.score_file(project, model, rows, version=version, output=output)


def score_rows(project: Project, model: str, rows: Path, *, version: str = "production") -> dict[str, Json]:
    """The same with the rows themselves, as ``scored``: for a caller that wants one JSON document."""
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        path = Path(folder) / "scored.jsonl"
        said = score_file(project, model, rows, version=version, output=path)
        scored = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {**said, "output": None, "scored": scored}


def serve_ui(project: Project, port: int, said: Callable[[str], None]) -> None:
    """MLflow's own page on this project's store, until Ctrl-C."""
    with state_of(project):
        pass
    ml.serve_page(project, port=port, said=said)
