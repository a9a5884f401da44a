"""Lakes of a project: made from nothing, looked into, looked after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core import InvalidCall, Json
from headrace.project import Document, Project, open_project
from headrace.storage.connections import LakeConnection
from headrace.storage.lakes import Lake, open_lake

__all__ = ["create_lake", "lake_of", "list_lakes"]

FILE = "connections.yaml"
HEAD = "# The systems that this project talks to, by name. Secrets are references: ${secret:NAME}.\n"


def create_lake(
    project: Project,
    name: str,
    location: str,
    table_format: str,
    layers: Sequence[str] = (),
    store: str | None = None,
    catalog: str | None = None,
    warehouse: str | None = None,
) -> dict[str, Json]:
    """Makes layout and catalog at a location, and writes a connection that stages name.

    Raises ``InvalidCall`` (``name-taken``, ``invalid-value``) and what the store says.
    """
    if name in project.connections.tables:
        raise InvalidCall(
            "name-taken", f"There is a connection '{name}' already.", hint="Choose another name for the lake."
        )
    given: dict[str, Any] = {"kind": "lake", "format": table_format, "location": location}
    more = {"store": store, "layers": list(layers), "catalog": catalog, "warehouse": warehouse}
    given |= {key: value for key, value in more.items() if value}
    connection = LakeConnection(**given)
    lake = open_lake(
        name, lambda each: connection if each == name else project.connection(each), project.folder
    )
    lake.create()
    _write_down(project, name, given)
    return {"lake": name, **given, "written_in": FILE}


def _write_down(project: Project, name: str, given: dict[str, Any]) -> None:
    """Comments and order of what is there already stay."""
    path = project.folder / FILE
    text = path.read_text() if path.exists() else ""
    if not text.strip() or all(
        line.lstrip().startswith("#") or not line.strip() for line in text.split("\n")
    ):
        text = (text or HEAD) + f"{name}: {{}}\n"
    document = Document(text, str(path))
    document.set((name,), {})
    for key, value in given.items():
        document.set((name, key), value)
    path.write_text(document.text())
    open_project(project.folder, project.environment)  # what was written is read again, and so checked


def list_lakes(project: Project) -> list[dict[str, Json]]:
    """Every lake of ``connections.yaml``; opens none."""
    return [
        {"lake": name, **{key: value for key, value in table.items() if key != "kind"}}
        for name, table in sorted(project.connections.tables.items())
        if table.get("kind") == "lake"
    ]


def lake_of(project: Project, text: str) -> Lake:
    """The lake that ``lake`` or ``lake.layer.table`` is in."""
    return open_lake(text.partition(".")[0], project.connection, project.folder)
