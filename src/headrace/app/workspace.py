"""A document and the project around it, found from a path as a person gives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import InvalidCall, Pipeline
from headrace.project import Project, find_project, load_pipeline, open_project

if TYPE_CHECKING:
    from headrace.storage.state import State

__all__ = ["Workspace", "existing_document", "open_document", "open_folder", "state_of"]


@dataclass(frozen=True)
class Workspace:
    """A pipeline and its project."""

    project: Project
    pipeline: Pipeline


def open_document(path: Path, environment: str | None = None) -> Workspace:
    """Reads a document and the settings of the nearest ``headrace.toml`` above it.

    Raises ``InvalidCall`` (``no-such-document``) or ``InvalidDocument`` with every problem.
    """
    existing_document(path)
    return Workspace(open_folder(path.resolve().parent, environment), load_pipeline(path))


def existing_document(path: Path) -> Path:
    """``path``, if a document is there. Raises ``InvalidCall`` (``no-such-document``) with what is near."""
    if path.is_file():
        return path
    near = sorted(each.name for each in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
    hint = f"In {path.parent} there is {', '.join(near[:8])}." if near else None
    raise InvalidCall("no-such-document", f"No document at '{path}'.", hint=hint)


def open_folder(folder: Path, environment: str | None = None) -> Project:
    """The project that a folder belongs to."""
    return open_project(find_project(folder), environment)


@contextmanager
def state_of(project: Project) -> Iterator[State]:
    """The project's state; what dead processes left is finished first."""
    from headrace.runner import recover
    from headrace.storage.state import open_state

    with open_state(project.folder, project=project.name, environment=project.environment) as state:
        recover(state, project)
        yield state
