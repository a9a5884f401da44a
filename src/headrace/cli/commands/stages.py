"""Commands about stages: ``stages list|show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from headrace.cli.options import JsonFlag
from headrace.cli.output import OUT, print_json, table

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="What a pipeline can be made of.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    app.add_typer(group, name="stages")


def list_(
    search: Annotated[str, typer.Argument(help="Only stages whose type or text contains this.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """List stages.

    Example: headrace stages list join
    """
    from headrace.app.catalog import list_stages

    found = list_stages(search)
    if as_json:
        print_json([{"type": each.name, "summary": each.summary} for each in found])
        return
    drawn = table("type", "what it does")
    for each in found:
        drawn.add_row(each.name, escape(each.summary))
    OUT.print(drawn)


def show(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="processor.filter, for example.")],
    as_json: JsonFlag = False,
) -> None:
    """Show a stage's inputs, outputs and fields.

    Example: headrace stages show processor.join
    """
    from headrace.app.catalog import show_stage

    found = show_stage(type_)
    if as_json:
        print_json(found)
        return
    OUT.print(f"[bold]{found['type']}[/]  {escape(found['summary'])}")
    OUT.print(
        f"inputs: {', '.join(found['inputs']) or 'none'}    outputs: {', '.join(found['outputs']) or 'one'}"
    )
    if found["needs"]:
        OUT.print(f"needs: {', '.join(found['needs'])}")
    OUT.print()
    _fields(found["fields"])


def _shown(default: Any) -> str:
    """A default as a document would say it; nothing where there is none."""
    if default in (None, "", [], {}):
        return "–"
    return str(default).lower() if isinstance(default, bool) else str(default)


def _fields(fields: list[dict[str, Any]]) -> None:
    drawn = table("field", "type", "default", "what it means")
    for field in fields:
        default = "[red]required[/]" if field["required"] else escape(_shown(field["default"]))
        drawn.add_row(
            f"[bold]{field['name']}[/]", escape(field["type"]), default, escape(field["description"])
        )
    OUT.print(drawn)
