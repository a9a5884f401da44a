"""Commands about connections: ``connections list|test|browse``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from headrace.cli.options import Environment, Folder, JsonFlag
from headrace.cli.output import ERR, OUT, print_json, table

if TYPE_CHECKING:
    from headrace.project import Project

__all__ = ["register"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="A connection of connections.yaml.")]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="The systems that a project talks to.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("test")(check)
    group.command()(browse)
    app.add_typer(group, name="connections")


def list_(folder: Folder = Path(), environment: Environment = None, as_json: JsonFlag = False) -> None:
    """List the project's connections; opens none of them.

    Example: headrace connections list --env prod
    """
    from headrace.app.connections import list_connections

    found = list_connections(_project(folder, environment))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        ERR.print("No connections. They are written into connections.yaml: 'NAME: {kind: s3, …}'.")
        return
    drawn = table("connection", "kind", "fields", "written in")
    for each in found:
        fields = ", ".join(f"{key}: {_word(value)}" for key, value in each.fields.items())
        place = ":".join(str(part) for part in (each.file, each.line) if part is not None)
        drawn.add_row(f"[bold]{escape(each.name)}[/]", each.kind, escape(fields), escape(place))
    OUT.print(drawn)


def check(
    name: Name, folder: Folder = Path(), environment: Environment = None, as_json: JsonFlag = False
) -> None:
    """Connect with a connection's credentials and say what answers. Exit code 1: nothing useful did.

    Example: headrace connections test houses
    """
    from headrace.app.connections import check_connection

    project = _project(folder, environment)
    with ERR.status(f"Asking {escape(name)} …"):
        answer = check_connection(project, name)
    if as_json:
        print_json(asdict(answer))
        return
    told = f"[bold]{escape(name)}[/] ({answer.kind}) {escape(answer.answer)}"
    OUT.print(f"[green]✓[/] {told} [dim]{answer.seconds:.2f} s[/]")


def browse(
    name: Name,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="Where to look: what browsing showed before.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most so many.")] = 1000,
    folder: Folder = Path(),
    environment: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Look around in a connection: buckets, folders and objects, topics, schemas, tables, columns.

    Example: headrace connections browse houses raw/2024
    """
    from headrace.app.connections import browse_connection

    project = _project(folder, environment)
    with ERR.status(f"Asking {escape(name)} …"):
        found = browse_connection(project, name, path, limit)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        ERR.print("Nothing is there.")
        return
    drawn = table("name", "kind", "about")
    for each in found:
        shown = f"[bold]{escape(each.name)}[/]" if each.inside else escape(each.name)
        drawn.add_row(shown, escape(each.kind), escape(each.detail))
    OUT.print(drawn)
    if len(found) == limit:
        ERR.print(f"The first {limit:,}; --limit shows more.")


def _project(folder: Path, environment: str | None) -> Project:
    from headrace.app.workspace import open_folder

    return open_folder(folder, environment)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
