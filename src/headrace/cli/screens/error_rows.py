"""Rows that a run could not use, as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from headrace.cli.output import OUT, table

__all__ = ["show_errors"]

LONGEST = 80


def show_errors(found: Mapping[str, Any]) -> None:
    """A line a row, then how many there are."""
    if not found["rows"]:
        OUT.print("No error rows were kept.")
        return
    drawn = table("stage", "where", "reason", "row")
    for row in found["rows"]:
        reason = f"{row['code']}: {row['message']}"
        drawn.add_row(escape(row["stage"]), escape(_where(row["source"])), escape(reason), escape(_row(row)))
    OUT.print(drawn)
    for stage, kept in found["kept"].items():
        most = f" (the first {found['most']:,} of a run are kept)" if kept >= found["most"] else ""
        replayed = f", replayed by {found['replayed'][stage]}" if stage in found["replayed"] else ""
        OUT.print(f"{stage}: {kept:,} {'rows' if kept != 1 else 'row'}{most}{replayed}", markup=False)


def _where(source: Mapping[str, Any] | None) -> str:
    if not source:
        return "–"
    return ":".join(str(value) for value in source.values() if value is not None)


def _row(row: Mapping[str, Any]) -> str:
    text = row["raw"] if row["raw"] is not None else json.dumps(row["values"], ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
