"""Two things side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from headrace.cli.output import OUT, table

__all__ = ["show_comparison"]


def show_comparison(found: Mapping[str, Any]) -> None:
    """``{a, b, rows: [{section, name, a, b, better?}]}`` as a table, a heading a section."""
    if not found["rows"]:
        OUT.print(f"{found['a']} and {found['b']} do not differ.", markup=False)
        return
    drawn = table("", escape(str(found["a"])), escape(str(found["b"])), "", right=())
    section = None
    for row in found["rows"]:
        if row["section"] != section:
            section = row["section"]
            drawn.add_row(f"[bold]{escape(section)}[/]", "", "", "")
        better = {"a": "◂ better", "b": "better ▸"}.get(row.get("better", ""), "")
        drawn.add_row(f"  {escape(row['name'])}", _text(row["a"]), _text(row["b"]), f"[green]{better}[/]")
    OUT.print(drawn)


def _text(value: Any) -> str:
    if value is None:
        return "[dim]–[/]"
    if isinstance(value, float):
        return f"{value:,.6g}"
    text = str(value)
    return escape(text if len(text) <= 60 else text[:59] + "…")
