"""The ``headrace`` command: words in, words out; every decision is made elsewhere."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from .commands import connections, documents, lakes, models, offsets, projects, runs, stages
from .output import issues_table, print_error, print_issues, print_json

__all__ = ["app", "main"]

EPILOG = """
Examples:

  headrace init houses --example housing    a small project to start from

  headrace run pipelines/train.yaml -p max_iter=200

  headrace preview pipelines/train.yaml --stage label --rows 5

  headrace models compare housing 1 2
"""

app = typer.Typer(
    name="headrace",
    help="From raw data to a model in production, and kept there.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"headrace {version('headrace')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    del version


for each in (projects, documents, runs, models, offsets, stages, connections, lakes):
    each.register(app)


def main() -> None:
    """Runs a command. Exit codes: 0 done, 1 the run failed, 2 document or call is wrong, 130 cancelled."""
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        sys.exit(_told(error))


def _told(error: Exception) -> int:
    """Prints one of our errors and gives its exit code; anything else is a defect and shows itself."""
    from headrace.core import HeadraceError, InvalidDocument

    if not isinstance(error, HeadraceError):
        raise error
    issues = error.issues if isinstance(error, InvalidDocument) else ()
    if "--json" in sys.argv:
        print_json({"error": error.to_json(), "issues": issues_table(issues)})
        return error.exit_code
    if issues:
        print_issues(issues)
    else:
        print_error(error)
    return error.exit_code


if __name__ == "__main__":
    main()
