"""Commands about a document: validate, explain, preview, schema."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headrace.cli.options import Document, Engine, Environment, JsonFlag, Parameters, given
from headrace.cli.output import ERR, OUT, issues_table, print_issues, print_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(validate)
    app.command()(explain)
    app.command()(preview)
    app.command()(schema)


def validate(
    document: Document,
    parameters: Parameters = None,
    env: Environment = None,
    engine: Engine = None,
    as_json: JsonFlag = False,
) -> None:
    """Find every problem in a document, without opening any data.

    Example: headrace validate pipelines/train.yaml
    """
    from headrace.app.documents import validate as check
    from headrace.app.workspace import open_document
    from headrace.core import InvalidDocument

    try:
        issues = check(open_document(document, env), given(parameters), engine=engine)
    except InvalidDocument as error:  # the file cannot even be read as text, or the settings are wrong
        issues = error.issues
    wrong = [issue for issue in issues if issue.severity == "error"]
    if as_json:
        print_json({"valid": not wrong, "issues": issues_table(issues)})
    else:
        print_issues(issues)
        if not wrong:
            OUT.print(f"[green]✓[/] {document} is valid.")
    raise typer.Exit(2 if wrong else 0)


def explain(
    document: Document,
    parameters: Parameters = None,
    env: Environment = None,
    engine: Engine = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the plan: the engine and why, every stage, and the columns after it.

    Example: headrace explain pipelines/train.yaml --env prod
    """
    from headrace.app.documents import explain as explanation_of
    from headrace.app.workspace import open_document
    from headrace.cli.screens.explanation import show_explanation

    found = explanation_of(open_document(document, env), given(parameters), engine=engine)
    wrong = any(issue.severity == "error" for issue in found.issues)
    if as_json:
        print_json(found.to_json())
    else:
        show_explanation(found)
        print_issues(found.issues)
    raise typer.Exit(2 if wrong else 0)


def preview(
    document: Document,
    stage: Annotated[
        str | None, typer.Option("--stage", "-s", help="The stage to look at; the last by default.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=10_000, help="How many rows to show.")] = 10,
    parameters: Parameters = None,
    env: Environment = None,
    engine: Engine = None,
    as_json: JsonFlag = False,
) -> None:
    """Show rows before and after a stage. Writes nowhere and trains nothing.

    Example: headrace preview pipelines/train.yaml --stage label --rows 5
    """
    from headrace.app.runs import start
    from headrace.app.workspace import open_document
    from headrace.cli.screens.rows import show_preview

    workspace = open_document(document, env)
    process = start(
        workspace.project,
        workspace.text,
        file=workspace.file,
        parameters=given(parameters),
        environment=env,
        engine=engine,
        verb="preview",
        preview=stage,
        rows=rows,
    )
    shown: dict[str, Any] | None = None
    with process, ERR.status("reading a sample"):
        for event in process.events():
            if event["event"] == "preview":
                shown = event
    result = process.result()
    if shown is None:
        from headrace.cli.ending import finish

        finish(result, as_json=as_json, recorded=False)
    if as_json:
        print_json({key: value for key, value in shown.items() if key != "event"})
    else:
        show_preview(shown)


def schema(
    kind: Annotated[str, typer.Argument(help="pipeline, orchestration or run-result.")] = "pipeline",
) -> None:
    """Print the JSON Schema of a document, so that editors complete and check it.

    Example: headrace schema pipeline > pipeline.schema.json
    """
    from headrace.app.catalog import json_schema

    print_json(json_schema(kind))
