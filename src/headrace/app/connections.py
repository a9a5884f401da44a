"""A project's connections: which there are, whether they answer, what is in them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.core import HeadraceError, InvalidCall, Json
from headrace.project import Project
from headrace.storage.connections import Connection, Explorer, Found, connection_model, explore

__all__ = ["Answer", "Listed", "browse_connection", "check_connection", "list_connections"]

KIND = "kind"
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Listed:
    """A connection as it is written, with whatever is secret left out unless it is a reference."""

    name: str
    kind: str
    fields: dict[str, Json]
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a connection said when it was tested."""

    name: str
    kind: str
    answer: str
    seconds: float


def list_connections(project: Project) -> list[Listed]:
    """Every connection of the project in its environment, by name; nothing is resolved or opened."""
    found = []
    for name, table in sorted(project.connections.tables.items()):
        file, line = project.connections.place(name)
        kind = str(table[KIND])
        secret = connection_model(kind).secrets
        shown = {key: _shown(value, key in secret) for key, value in table.items() if key != KIND}
        found.append(Listed(name, kind, shown, _short(file, project.folder), line))
    return found


def check_connection(project: Project, name: str) -> Answer:
    """Connects, and says what answered. Raises the error that a run would meet, its place named."""
    explorer = _explorer(project, name)
    start = time.monotonic()
    try:
        answer = explorer.check()
    except HeadraceError as error:
        error.where = error.where or name
        raise
    return Answer(name, _kind(explorer), answer, round(time.monotonic() - start, 3))


def browse_connection(project: Project, name: str, path: str = "", limit: int = 1000) -> list[Found]:
    """What a connection holds at ``path``; the outermost things without one. At most ``limit``."""
    try:
        return _explorer(project, name).browse(path, limit)
    except HeadraceError as error:
        error.where = error.where or name
        raise


def _explorer(project: Project, name: str) -> Explorer:
    connection = project.connection(name)
    if not isinstance(connection, Connection):
        raise InvalidCall("cannot-browse", f"The connection '{name}' cannot be looked into.")
    return explore(connection, project.folder)


def _kind(explorer: Explorer) -> str:
    return str(getattr(explorer.connection, KIND))


def _shown(value: Any, secret: bool) -> Json:
    """A secret that somebody wrote in the open does not print; a reference tells nothing."""
    reference = isinstance(value, str) and value.startswith("${") and value.endswith("}")
    return HIDDEN if secret and value is not None and not reference else value


def _short(file: str | None, folder: Path) -> str | None:
    if file is None:
        return None
    path = Path(file)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else file
