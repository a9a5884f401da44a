"""``runs errors``: the rows that a run could not use, listed, exported, and run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.options import Environment, Folder, JsonFlag
from headrace.cli.output import ERR, OUT, print_json

if TYPE_CHECKING:
    from headrace.runner import RunResult

__all__ = ["errors"]


def errors(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or `last`.")
    ] = "last",
    project: Folder = Path(),
    env: Environment = None,
    stage: Annotated[str | None, typer.Option(help="Only those of this stage.")] = None,
    limit: Annotated[int, typer.Option("-n", min=1, help="How many to list.")] = 20,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all of them: .csv, .json or .parquet.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="DOCUMENT", help="Run this document, as it is now, on these rows alone."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Replay rows that have been replayed before.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the rows that a run discarded or routed, with the reason; export or replay them.

    Example: headrace runs errors last --replay pipelines/orders.yaml
    """
    from headrace.app.error_rows import export_errors, list_errors
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.error_rows import show_errors

    if replay is not None:
        from headrace.cli.ending import finish

        finish(_replay(replay, run, stage, env, again=again, quiet=as_json), as_json=as_json)
    found = open_folder(project, env)
    if export is not None:
        rows = export_errors(found, run, export, stage=stage)
        if as_json:
            print_json({"file": str(export), "rows": rows})
        else:
            OUT.print(f"{rows:,} {'rows' if rows != 1 else 'row'} in {export}", markup=False)
        return
    listed = list_errors(found, run, stage=stage, limit=limit)
    if as_json:
        print_json(listed)
    else:
        show_errors(listed)


def _replay(
    document: Path, run: str, stage: str | None, env: str | None, *, again: bool, quiet: bool
) -> RunResult:
    from headrace.app.error_rows import replay_errors
    from headrace.app.workspace import open_document
    from headrace.cli.live import follow

    workspace = open_document(document, env)
    with replay_errors(workspace, run, stage, again=again, environment=env) as replay:
        if quiet:
            for _ in replay.process.events():
                pass
        else:
            follow(replay.process, ERR)
        replay.settled()
        result: RunResult = replay.process.result()
        return result
