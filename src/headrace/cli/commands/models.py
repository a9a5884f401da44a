"""Commands about models: ``models list|show|compare|promote|rollback|score|ui``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.options import Environment, Folder, JsonFlag
from headrace.cli.output import ERR, OUT, print_json

__all__ = ["register"]

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A registered model.", show_default=False)]
Version = Annotated[
    str,
    typer.Argument(
        metavar="VERSION", help="A number, `staging`, `production` or another alias.", show_default=False
    ),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is kept in the promotion log.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="Registered models: compare, promote, roll back, score.", no_args_is_help=True)
    for command in (list_, show, compare, promote, rollback, score, ui):
        group.command(command.__name__.strip("_"))(command)
    app.add_typer(group, name="models")


def list_(project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False) -> None:
    """List registered models and what is in production.

    Example: headrace models list
    """
    from headrace.app.models import list_models
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.models import show_models

    found = list_models(open_folder(project, env))
    if as_json:
        print_json(found)
    else:
        show_models(found)


def show(model: Model, project: Folder = Path(), env: Environment = None, as_json: JsonFlag = False) -> None:
    """Show a model: its versions, their metrics, and every decision about them.

    Example: headrace models show housing
    """
    from headrace.app.models import show_model
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.models import show_one

    found = show_model(open_folder(project, env), model)
    if as_json:
        print_json(found)
    else:
        show_one(found)


def compare(
    model: Model,
    first: Annotated[
        str, typer.Argument(metavar="A", help="A number, `staging`, `production` or another alias.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    project: Folder = Path(),
    env: Environment = None,
    everything: Annotated[bool, typer.Option("--all", help="What is equal, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Put two versions side by side: parameters, metrics, data, code, preparation.

    Example: headrace models compare housing 1 2
    """
    from headrace.app.models import compare as comparison_of
    from headrace.app.workspace import open_folder
    from headrace.cli.screens.comparison import show_comparison

    found = comparison_of(open_folder(project, env), model, first, second, everything=everything)
    if as_json:
        print_json(found)
    else:
        show_comparison(found)


def promote(
    model: Model,
    version: Version,
    reason: Reason = None,
    yes: Yes = False,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Put a version into production by hand. `headrace models rollback` takes it back.

    Example: headrace models promote housing 3 --reason "checked by hand"
    """
    from headrace.app.models import promote as promote_by_hand
    from headrace.app.workspace import open_folder

    if not yes and not as_json:
        typer.confirm(f"Put version {version} of '{model}' into production?", abort=True, err=True)
    _said(promote_by_hand(open_folder(project, env), model, version, reason=reason), as_json=as_json)


def rollback(
    model: Model,
    reason: Reason = None,
    yes: Yes = False,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Put the version that was in production before back there, in one step.

    Example: headrace models rollback housing --reason "worse on new houses"
    """
    from headrace.app.models import rollback as roll_back
    from headrace.app.workspace import open_folder

    if not yes and not as_json:
        typer.confirm(f"Put the production version before this one of '{model}' back?", abort=True, err=True)
    _said(roll_back(open_folder(project, env), model, reason=reason), as_json=as_json)


def _said(decision: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(decision)
    else:
        before = decision["previous"] if decision["previous"] is not None else "none"
        OUT.print(
            f"{decision['model']}: production is version {decision['production']} (it was {before}).",
            markup=False,
        )


def score(
    model: Model,
    rows: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet; raw rows.")],
    version: Annotated[
        str, typer.Option(help="A number, `staging`, `production` or another alias.")
    ] = "production",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file to write; CSV on standard output without.")
    ] = None,
    project: Folder = Path(),
    env: Environment = None,
    as_json: JsonFlag = False,
) -> None:
    """Score a file of rows with a registered model.

    Example: headrace models score housing new_houses.csv -o scored.csv
    """
    from headrace.app.models import score_file, score_rows
    from headrace.app.workspace import open_folder

    where = open_folder(project, env)
    with ERR.status("scoring"):
        if as_json and output is None:
            said = score_rows(where, model, rows, version=version)
        else:
            said = score_file(where, model, rows, version=version, output=output)
    if as_json:
        print_json(said)
    elif output is not None:
        OUT.print(f"{said['rows']:,} rows scored by version {said['version']} into {output}.", markup=False)


def ui(
    project: Folder = Path(),
    env: Environment = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 5000,
) -> None:
    """Open MLflow's own page on this project's models. Ctrl-C ends it.

    Example: headrace models ui --port 0
    """
    from headrace.app.models import serve_ui
    from headrace.app.workspace import open_folder

    serve_ui(open_folder(project, env), port, said=lambda line: ERR.print(line, markup=False))
