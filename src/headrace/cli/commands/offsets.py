"""Commands about offsets: ``offsets show|set|reset|undo``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.options import Document, Environment, JsonFlag, Parameters, given
from headrace.cli.output import OUT, print_json

if TYPE_CHECKING:
    from headrace.app.workspace import Workspace

__all__ = ["register"]

Stage = Annotated[str, typer.Argument(metavar="STAGE", help="An origin of the pipeline.", show_default=False)]
AnyStage = Annotated[
    str | None,
    typer.Argument(metavar="STAGE", help="An origin; without it, all of them.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="How far a pipeline has read: look, set, reset, undo.", no_args_is_help=True)
    for command in (show, set_, reset, undo):
        group.command(command.__name__.strip("_"))(command)
    app.add_typer(group, name="offsets")


def show(
    document: Document, parameters: Parameters = None, env: Environment = None, as_json: JsonFlag = False
) -> None:
    """Show the offset of every origin, how much waits, and what the next batch would hold.

    Example: headrace offsets show pipelines/orders.yaml
    """
    from headrace.app.offsets import show_offsets
    from headrace.cli.screens.offsets import show_all

    found = show_offsets(_workspace(document, env), given(parameters))
    if as_json:
        print_json(found)
    else:
        show_all(found)


def set_(
    document: Document,
    stage: Stage,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The offset, as JSON.", show_default=False)],
    env: Environment = None,
    yes: Yes = False,
    as_json: JsonFlag = False,
) -> None:
    """Set an origin's offset. The form is that of `offsets show --json`.

    Example: headrace offsets set pipelines/orders.yaml load '{"before": "2026-01-31T00:00:00Z"}'
    """
    from headrace.app.offsets import move_offset
    from headrace.core import InvalidCall

    try:
        offset = json.loads(value)
    except ValueError:
        raise InvalidCall("not-json", f"'{value[:60]}' is no JSON.", hint="Put it into quotes.") from None
    workspace = _workspace(document, env)
    _sure(f"Set the offset of '{stage}'?", yes)
    _said([move_offset(workspace, stage, offset)], "set", as_json)


def reset(
    document: Document,
    stage: AnyStage = None,
    env: Environment = None,
    yes: Yes = False,
    as_json: JsonFlag = False,
) -> None:
    """Forget offsets, so that the next run reads from the start. `offsets undo` takes it back.

    Example: headrace offsets reset pipelines/orders.yaml load
    """
    from headrace.app.offsets import reset_offsets

    workspace = _workspace(document, env)
    _sure(f"Let {f'{stage!r}' if stage else 'every origin'} begin at the start again?", yes)
    _said(reset_offsets(workspace, stage), "reset", as_json)


def undo(
    document: Document, stage: AnyStage = None, env: Environment = None, as_json: JsonFlag = False
) -> None:
    """Take the last `set` or `reset` back, as long as no run has gone on from there.

    Example: headrace offsets undo pipelines/orders.yaml
    """
    from headrace.app.offsets import undo_offsets

    _said(undo_offsets(_workspace(document, env), stage), "undone", as_json)


def _workspace(document: Any, env: str | None) -> Workspace:
    from headrace.app.workspace import open_document

    return open_document(document, env)


def _sure(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{question} Rows may be read twice, or not at all.", abort=True, err=True)


def _said(changed: list[dict[str, Any]], what: str, as_json: bool) -> None:
    if as_json:
        print_json(changed)
        return
    if not changed:
        OUT.print("No offset is committed.")
    for each in changed:
        OUT.print(f"{each['stage']}: {what}", markup=False)
