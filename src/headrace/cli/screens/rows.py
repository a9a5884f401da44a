"""Rows and schemas as tables that fit a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from headrace.cli.output import OUT, table

__all__ = ["show_preview"]


def show_preview(shown: Mapping[str, Any]) -> None:
    """What goes into a stage, what comes out, and how the columns change."""
    for title, sides in (("into", shown["inputs"]), ("out of", shown["outputs"])):
        for name, side in sides.items():
            label = f" ({name})" if name and len(sides) > 1 else ""
            OUT.print(
                f"[bold]{title} {escape(shown['stage'])}{escape(label)}[/] [dim]{len(side['rows'])} rows[/]"
            )
            _rows(side)
    changes = shown["changes"]
    for word, names in changes.items():
        if names:
            OUT.print(f"{word}: {escape(', '.join(names))}")
    if shown["note"]:
        OUT.print(f"[yellow]{escape(shown['note'])}[/]")


def _rows(side: Mapping[str, Any]) -> None:
    columns = [column["name"] for column in side["schema"]]
    fits = max(3, (OUT.width - 6) // 11)
    shown = columns[:fits]
    numbers = {
        c["name"]
        for c in side["schema"]
        if c["type"] in ("bigint", "int", "double", "float") or c["type"].startswith("decimal")
    }
    drawn = table(
        *(escape(name) for name in shown), right=[escape(name) for name in shown if name in numbers]
    )
    for row in side["rows"]:
        drawn.add_row(*(_cell(row, name) for name in shown))
    OUT.print(drawn)
    if len(columns) > fits:
        OUT.print(f"[dim]and {len(columns) - fits} more columns: {escape(', '.join(columns[fits:]))}[/]")
    OUT.print()


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return f"[dim]{row.get(name + '!', 'null')}[/]"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return escape(text if len(text) <= 40 else text[:39] + "…")
