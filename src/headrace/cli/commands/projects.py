"""Commands about a project: init, demo, doctor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from headrace.cli.options import JsonFlag
from headrace.cli.output import OUT, print_json, table

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(init)
    app.command()(demo)
    app.command()(doctor)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False)],
    example: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Start from an example: boston, breast-cancer, housing or orders."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a new project.

    Example: headrace init houses --example housing
    """
    from headrace.app.examples import init as make

    written = make(folder, example)
    if as_json:
        print_json({"folder": str(folder), "files": [str(path.relative_to(folder)) for path in written]})
        return
    for path in written:
        OUT.print(f"  {path}", markup=False)
    pipelines = [path for path in written if path.parent.name == "pipelines"]
    first = next((path for path in pipelines if path.stem == "train"), next(iter(pipelines), None))
    if first is not None:
        OUT.print(f"\nNext: [bold]cd {escape(str(folder))} && headrace run {first.relative_to(folder)}[/]")


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the demo's project goes; made anew each time.")
    ] = Path("headrace-demo"),
) -> None:
    """Tell the whole story on real data: train, register, promote, archive, and again when more arrives.

    Example: headrace demo
    """
    from headrace.cli.screens.demo import tell

    tell(folder)


def doctor(as_json: JsonFlag = False) -> None:
    """Check this machine and this installation, and say what mends what is wrong.

    Example: headrace doctor
    """
    from headrace.engine import diagnose

    checks = diagnose()
    wrong = [check for check in checks if not check.ok]
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        drawn = table("", "what", "found")
        for check in checks:
            mark = "[green]✓[/]" if check.ok else "[red]✗[/]"
            drawn.add_row(mark, escape(check.name), escape(check.detail))
        OUT.print(drawn)
        for check in wrong:  # in one line each, whatever the width: they are there to be copied
            OUT.print(f"\nWhat mends {check.name}:", markup=False)
            OUT.print(f"  {check.remedy}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if wrong else 0)
