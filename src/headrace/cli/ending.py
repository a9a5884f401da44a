"""How a run ended, in words and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from .output import OUT, print_error, print_issues, print_json

if TYPE_CHECKING:
    from headrace.runner import RunResult

__all__ = ["exit_code", "finish"]

CANCELLED = 130


def finish(result: RunResult, *, as_json: bool, recorded: bool = True) -> NoReturn:
    """Says how it ended and leaves with the right exit code; a preview is on no record."""
    from headrace.cli.screens.runs import written
    from headrace.core import HeadraceError, Issue

    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_issues(Issue(**issue) for issue in result.issues)
        if result.error is not None and not result.issues and result.state != "cancelled":
            info = result.error
            print_error(HeadraceError(info.code, info.message, where=info.where, hint=info.hint))
        if recorded:
            color = {"finished": "green", "cancelled": "yellow"}.get(result.state, "red")
            OUT.print(f"[{color}]{result.state}[/] {result.run_id} in {result.seconds:.1f} s")
        if result.state == "cancelled" and recorded:
            OUT.print(written(result), markup=False)
    raise typer.Exit(exit_code(result))


def exit_code(result: RunResult) -> int:
    """0 finished, 1 the run failed, 2 document or call is wrong, 130 cancelled."""
    from headrace.app.failures import error_of

    if result.state == "cancelled":
        return CANCELLED
    if result.state == "finished":
        return 0
    if result.issues:
        return 2
    begun = any(stage.state != "skipped" for stage in result.stages)
    return 1 if begun or result.error is None else error_of(result.error).exit_code
