"""Two things side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.padding import Padding

from headrace.app.progress import number
from headrace.cli.output import OUT, table

__all__ = ["show_comparison"]

DIGEST = re.compile(r"\b[0-9a-f]{24,}\b")


def show_comparison(found: Mapping[str, Any]) -> None:
    """``{a, b, rows: [{section, name, a, b, better?}], notes?}`` as a table, a heading a section."""
    rows = found["rows"]
    if not rows:
        OUT.print(f"{found['a']} and {found['b']} do not differ.", markup=False)
        return
    drawn = table("", escape(str(found["a"])), escape(str(found["b"])), "")
    drawn.columns[0].width = min(max(len(row["name"]) for row in rows) + 2, OUT.width * 2 // 5)
    drawn.columns[3].no_wrap = True
    section = None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            drawn.add_row(f"[bold]{escape(section)}[/]", "", "", "")
        better = {"a": "◂ better", "b": "better ▸"}.get(row.get("better") or "", "")
        drawn.add_row(
            Padding(escape(row["name"]), (0, 0, 0, 2)),
            _text(row["a"]),
            _text(row["b"]),
            f"[green]{better}[/]",
        )
    OUT.print(drawn)
    for note in found.get("notes", ()):
        OUT.print(f"[yellow]note[/] {escape(note)}")


def _text(value: Any) -> str:
    if value is None:
        return "[dim]–[/]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, 6)
    text = DIGEST.sub(lambda found: f"{found[0][:12]}…", str(value))
    return escape(text if len(text) <= 60 else text[:59] + "…")
