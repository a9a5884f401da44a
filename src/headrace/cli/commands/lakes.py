"""Commands about lakes: ``lake create|list|tables|describe|history|optimize|vacuum|clone|drop``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from headrace.cli.options import Environment, Folder, JsonFlag
from headrace.cli.output import ERR, OUT, count, print_json, table

if TYPE_CHECKING:
    from headrace.storage.lakes import Lake, TableName

__all__ = ["register"]

Name = Annotated[str, typer.Argument(metavar="LAKE", help="A lake of connections.yaml.", show_default=False)]
Table = Annotated[
    str, typer.Argument(metavar="TABLE", help="A table, as lake.layer.table.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="Lakes: tables in layers, made from nothing.", no_args_is_help=True)
    for command in (create, list_, tables, describe, history, optimize, vacuum, clone, drop):
        group.command(command.__name__.strip("_"))(command)
    app.add_typer(group, name="lake")


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What stages will call it.")],
    at: Annotated[str, typer.Option("--at", metavar="LOCATION", help="A folder, or s3://bucket/folder.")],
    table_format: Annotated[str, typer.Option("--format", help="delta or iceberg.")] = "delta",
    layers: Annotated[
        str, typer.Option("--layers", metavar="A,B,C", help="Its layers; an empty text: any.")
    ] = "raw,refined,curated",
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="CONNECTION", help="The connection with the location's credentials."),
    ] = None,
    catalog: Annotated[
        str | None,
        typer.Option("--catalog", metavar="URL", help="Iceberg: a REST catalog, or a SQLite file."),
    ] = None,
    warehouse: Annotated[
        str | None, typer.Option("--warehouse", help="Iceberg: its name in a REST catalog.")
    ] = None,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a lake, and a connection that stages name it by.

    Example: headrace lake create sales --at s3://company-lake/sales --store company --format delta
    """
    from headrace.app.lakes import create_lake
    from headrace.app.workspace import open_folder
    from headrace.core import InvalidCall, did_you_mean

    if table_format not in ("delta", "iceberg"):
        raise InvalidCall(
            "unknown-format",
            f"Lakes are not kept in '{table_format}'.",
            hint=did_you_mean(table_format, ("delta", "iceberg")),
        )
    wanted = [each.strip() for each in layers.split(",") if each.strip()]
    made = create_lake(open_folder(project, env), name, at, table_format, wanted, store, catalog, warehouse)
    if as_json:
        print_json(made)
        return
    OUT.print(f"The lake [bold]{escape(name)}[/] is at {escape(at)}, and in {made['written_in']}.")
    first = f"{name}.{wanted[0] if wanted else 'raw'}"
    OUT.print(f"A destination makes its tables: {{type: destination.lake, table: {first}.orders, …}}")


def list_(project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False) -> None:
    """List the project's lakes; opens none of them.

    Example: headrace lake list
    """
    from headrace.app.lakes import list_lakes
    from headrace.app.workspace import open_folder

    _show(
        list_lakes(open_folder(project, env)),
        ("lake", "format", "location", "layers"),
        as_json,
        "No lakes. `headrace lake create NAME --at LOCATION` makes one.",
    )


def tables(name: Name, project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False) -> None:
    """List the tables of a lake.

    Example: headrace lake tables sales
    """
    lake = _lake(name, project, env)
    found = [{"table": str(each), "location": lake.location_of(each)} for each in lake.tables()]
    _show(found, ("table", "location"), as_json, "No tables yet. A destination makes its own.")


def describe(
    name: Table, project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False
) -> None:
    """Show a table: columns with comments, partitions, properties, rows, files, version.

    Example: headrace lake describe sales.refined.orders
    """
    lake, known = _table(name, project, env)
    found = lake.describe(known)
    if as_json:
        print_json(found)
        return
    for key, value in found.items():
        if key != "columns" and value not in (None, [], {}):
            OUT.print(f"[bold]{key}[/] {escape(count(value) if isinstance(value, int) else str(value))}")
    _show(found["columns"], ("name", "type", "comment"), False, "")


def history(
    name: Table,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many versions.")] = 20,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Show a table's versions, the latest first, with the batch of the run that made each.

    Example: headrace lake history sales.refined.orders --limit 5
    """
    lake, known = _table(name, project, env)
    _show(lake.history(known, limit), ("version", "at", "what", "batch"), as_json, "No versions.")


def optimize(
    name: Table,
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="COLUMN", help="Bring rows near each other by it.")
    ] = None,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Make large files of many small ones; readers notice nothing but speed.

    Example: headrace lake optimize sales.refined.orders --by customer
    """
    lake, known = _table(name, project, env)
    done = lake.optimize(known, tuple(by or ()))
    if as_json:
        print_json(done)
    else:
        OUT.print(f"{count(done['files_removed'])} files became {count(done['files_added'])}.")


def vacuum(
    name: Table,
    hours: Annotated[
        float | None, typer.Option("--hours", min=0, help="Keep what versions of these hours need.")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only tell.")] = False,
    yes: Yes = False,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove files that no version of the last hours needs (a week, unless the table says otherwise).

    Older versions cannot be read any more then, and runs that are at work lose what they have staged for
    longer than that.

    Example: headrace lake vacuum sales.refined.orders --dry-run
    """
    lake, known = _table(name, project, env)
    if not dry and not yes:
        typer.confirm(f"Remove what older versions of '{known}' need, for good?", abort=True, err=True)
    done = lake.vacuum(known, hours, dry=dry)
    if as_json:
        print_json(done)
    else:
        OUT.print(f"{count(done['files'])} files {'would be' if dry else 'are'} removed.")


def clone(
    name: Table,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The new table, as lake.layer.table.")],
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Copy a table as it is now to a name in the same lake.

    Example: headrace lake clone sales.refined.orders sales.refined.orders_before
    """
    lake, known = _table(name, project, env)
    done = lake.clone(known, lake.named(target))
    if as_json:
        print_json(done)
    else:
        OUT.print(f"[bold]{escape(done['table'])}[/] has the rows of version {done['version']} of {known}.")


def drop(
    name: Table,
    yes: Yes = False,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove a table and its files, all versions included.

    Example: headrace lake drop sales.refined.orders
    """
    lake, known = _table(name, project, env)
    lake.describe(known)
    if not yes:
        typer.confirm(f"Remove '{known}' with all its versions, for good?", abort=True, err=True)
    lake.drop(known)
    if as_json:
        print_json({"table": str(known), "dropped": True})
    else:
        OUT.print(f"[bold]{escape(str(known))}[/] is gone.")


def _lake(name: str, project: Path, env: str | None) -> Lake:
    from headrace.app.lakes import lake_of
    from headrace.app.workspace import open_folder

    return lake_of(open_folder(project, env), name)


def _table(name: str, project: Path, env: str | None) -> tuple[Lake, TableName]:
    lake = _lake(name, project, env)
    return lake, lake.named(name)


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, nothing: str) -> None:
    if as_json:
        print_json(rows)
        return
    if not rows:
        ERR.print(nothing)
        return
    drawn = table(*columns)
    for row in rows:
        drawn.add_row(*(escape(_word(row.get(each))) for each in columns))
    OUT.print(drawn)


def _word(value: Any) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
