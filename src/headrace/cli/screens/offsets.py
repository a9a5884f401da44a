"""Offsets, as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from headrace.cli.output import OUT, table

__all__ = ["show_all"]

LONGEST = 60


def show_all(found: Sequence[Mapping[str, Any]]) -> None:
    """A line an origin."""
    if not found:
        OUT.print("No origin of this pipeline keeps an offset.")
        return
    drawn = table("origin", "offset", "committed", "waiting", "next batch")
    for each in found:
        drawn.add_row(
            escape(each["stage"]),
            escape(_short(each["offset"])),
            (each["committed"] or "never")[:19].replace("T", " "),
            _amounts(each["lag"]) if each["lag"] is not None else "–",
            _next(each["next"]),
        )
    OUT.print(drawn)


def _short(offset: Any) -> str:
    if offset is None:
        return "the start"
    if isinstance(offset, Mapping):
        offset = {key: value for key, value in offset.items() if key != "seen"}
    text = json.dumps(offset, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _amounts(amounts: Any) -> str:
    if isinstance(amounts, Mapping):
        words = (
            f"{value:,} {unit if value != 1 else unit.removesuffix('s')}" for unit, value in amounts.items()
        )
        return ", ".join(words) or "nothing"
    return str(amounts)


def _next(part: Mapping[str, Any]) -> str:
    held = {unit: part[key] for key, unit in (("rows", "rows"), ("bytes", "bytes")) if part[key] is not None}
    if part["inputs"]:
        held = {"files" if part["bytes"] is not None else "inputs": part["inputs"], **held}
    more = ", and more after it" if part["more"] else ""
    return (
        _amounts(held) if held else "nothing" if not part["items"] else json.dumps(part["items"])[:LONGEST]
    ) + more
