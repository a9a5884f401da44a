"""Commands about runs: run, and ``runs list|show|logs|cancel|compare``."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from headrace.cli.commands.run_errors import errors
from headrace.cli.ending import exit_code, finish
from headrace.cli.options import (
    Document,
    Engine,
    Environment,
    Folder,
    FromStart,
    Interval,
    JsonFlag,
    Once,
    Parameters,
    To,
    given,
    length,
    moment,
)
from headrace.cli.output import ERR, OUT, print_json

if TYPE_CHECKING:
    from headrace.core import HeadraceError
    from headrace.runner import RunResult

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(run)
    group = typer.Typer(help="Look at runs, stop one, compare two.", no_args_is_help=True)
    for command in (list_, show, logs, cancel, compare):
        group.command(command.__name__.strip("_"))(command)
    group.command("errors")(errors)
    app.add_typer(group, name="runs")


def run(
    document: Document,
    parameters: Parameters = None,
    env: Environment = None,
    engine: Engine = None,
    counts: Annotated[
        Literal["stages", "ends", "off"] | None,
        typer.Option(help="Count rows after every stage, at the ends only, or not at all."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Continue this run instead of a new one.")
    ] = None,
    once: Once = False,
    from_start: FromStart = False,
    to: To = None,
    interval: Interval = None,
    as_json: JsonFlag = False,
    events: Annotated[bool, typer.Option("--events", help="Stream events as JSON lines instead.")] = False,
) -> None:
    """Run a pipeline. Ctrl-C stops it cleanly: nothing is left half written.

    Example: headrace run pipelines/train.yaml -p max_iter=200 -p cv_folds=5
    """
    from headrace.app.runs import start
    from headrace.app.workspace import open_document
    from headrace.core import HeadraceError

    try:
        workspace = open_document(document, env)
        values = given(parameters)
        until, seconds = moment(to), length(interval)
    except HeadraceError as error:
        if as_json or events:
            _refuse(error, events=events)
        raise
    process = start(
        workspace.project,
        workspace.text,
        file=workspace.file,
        parameters=values,
        environment=env,
        engine=engine,
        counts=counts,
        resume=resume,
        once=once,
        from_start=from_start,
        until=until,
        interval=seconds,
    )
    result = _to_the_end(process, quiet=as_json, events=events)
    if events:
        raise typer.Exit(exit_code(result))
    finish(result, as_json=as_json)


def _to_the_end(process: Any, *, quiet: bool, events: bool) -> RunResult:
    """Follows a run; a signal asks it to stop."""
    asked = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda *_: process.cancel()) for each in asked]
    try:
        with process:
            return _follow(process, quiet=quiet, events=events)
    finally:
        for each, previous in zip(asked, before, strict=True):
            signal.signal(each, previous)


def _refuse(error: HeadraceError, *, events: bool) -> NoReturn:
    """A run that never began is told as any other that failed."""
    from headrace.app.runs import refused, refused_events

    if not events:
        finish(refused(error), as_json=True)
    for event in refused_events(error):
        _print_event(event)
    raise typer.Exit(error.exit_code)


def _print_event(event: Any) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _follow(process: Any, *, quiet: bool, events: bool) -> RunResult:
    from headrace.app.runs import ended

    if not quiet and not events:
        from headrace.cli.live import follow

        return follow(process, ERR)
    for event in process.events():
        if events:
            _print_event(event)
    result: RunResult = process.result()
    if events and process.was_killed:
        _print_event(ended(result))
    return result


def list_(
    project: Folder = Path(),
    env: Environment = None,
    pipeline: Annotated[str | None, typer.Option(help="Only runs of this pipeline.")] = None,
    state: Annotated[
        Literal["running", "finished", "failed", "cancelled"] | None, typer.Option(help="Only such runs.")
    ] = None,
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 20,
    as_json: JsonFlag = False,
) -> None:
    """List runs, the latest first.

    Example: headrace runs list --state failed
    """
    from headrace.app.runs import list_runs
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.runs import show_runs

    found = list_runs(open_folder(project, env), pipeline=pipeline, state=state, limit=limit)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    elif not found and (pipeline or state):
        OUT.print("No such runs.")
    else:
        show_runs(found)


Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or `last`.")]


def show(
    run: Run = "last", project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False
) -> None:
    """Show one run: stages, rows, outputs, models, decisions.

    Example: headrace runs show last
    """
    from headrace.app.runs import show_run
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.runs import show_result

    result = show_run(open_folder(project, env), run)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        show_result(result)


def logs(
    run: Run = "last",
    project: Folder = Path(),
    env: Environment = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more until the run ends.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Print what a run said, in order.

    Example: headrace runs logs last --follow
    """
    from headrace.app.runs import run_log
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.runs import log_line

    for event in run_log(open_folder(project, env), run, follow=follow):
        if as_json:
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
            continue
        line = log_line(event)
        if line is not None:
            OUT.print(line, markup=False, soft_wrap=True)


def cancel(
    run: Run = "last", project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False
) -> None:
    """Stop a run: gracefully for ten seconds, then for good.

    Example: headrace runs cancel last
    """
    from headrace.app.runs import cancel_run, show_run
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.runs import written

    found = open_folder(project, env)
    with ERR.status("waiting for the run to stop"):
        state = cancel_run(found, run)
    result = show_run(found, run)
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    OUT.print(f"{result.run_id} {state}. {written(result)}", markup=False)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another run.")],
    project: Folder = Path(),
    env: Environment = None,
    everything: Annotated[bool, typer.Option("--all", help="What is equal, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Put two runs side by side: parameters, metrics, rows, seconds.

    Example: headrace runs compare 20260131-14 last
    """
    from headrace.app.runs import compare_runs
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.comparison import show_comparison

    found = compare_runs(open_folder(project, env), first, second, everything=everything)
    if as_json:
        print_json(found)
    else:
        show_comparison(found)
