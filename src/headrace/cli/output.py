"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from headrace.core import HeadraceError, Issue

__all__ = ["ERR", "OUT", "count", "issues_table", "print_error", "print_issues", "print_json", "table"]

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Exactly one JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """An unboxed table; the columns in ``right`` are aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    aligned = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in aligned else "left", overflow="fold")
    return made


def count(rows: int | None) -> str:
    """``1,234``, or a dash for what is not known."""
    return "–" if rows is None else f"{rows:,}"


def print_issues(issues: Iterable[Issue]) -> None:
    """Every problem with its place, code and hint."""
    for issue in issues:
        color = "red" if issue.severity == "error" else "yellow"
        place = ":".join(str(part) for part in (issue.file, issue.line) if part is not None)
        spot = ".".join(part for part in (issue.stage, issue.field) if part)
        ERR.print(
            f"[{color}]{issue.severity}[/] {escape(place)} [bold]{escape(spot)}[/] [dim]{issue.code}[/]"
        )
        ERR.print(f"  {escape(issue.message)} {escape(issue.hint or '')}".rstrip())


def print_error(error: HeadraceError) -> None:
    """One failure: what happened, where, and what to do."""
    where = f"[bold]{escape(error.where)}[/] " if error.where else ""
    ERR.print(f"[red]error[/] {where}[dim]{error.code}[/]")
    ERR.print(f"  {escape(error.message)}")
    if error.hint:
        ERR.print(f"  {escape(error.hint)}")


def issues_table(issues: Iterable[Issue]) -> list[dict[str, Any]]:
    """Issues for machines."""
    return [issue.to_json() for issue in issues]
