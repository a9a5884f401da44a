"""A document and the project around it, found from a path as a person gives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import InvalidCall, InvalidDocument
from headrace.project import Project, examine_pipeline, find_project, open_project

if TYPE_CHECKING:
    from headrace.storage.state import State

__all__ = ["Workspace", "existing_document", "open_document", "open_folder", "state_of"]


@dataclass(frozen=True)
class Workspace:
    """A document's text, the file it is in, and its project."""

    project: Project
    text: str
    file: str | None = None


def open_document(path: Path, environment: str | None = None) -> Workspace:
    """A document and the settings of the nearest ``headrace.toml`` above it; the text is not read yet.

    Raises ``InvalidCall`` (``no-such-document``), or ``InvalidDocument`` for the settings or for what is no
    text at all.
    """
    data = existing_document(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidDocument(examine_pipeline(data, str(path))[1]) from None
    return Workspace(open_folder(path.resolve().parent, environment), text, str(path))


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
