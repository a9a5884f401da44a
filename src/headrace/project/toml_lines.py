"""The line of every table and key of a TOML text, which ``tomllib`` does not tell."""

from __future__ import annotations

import re

__all__ = ["toml_lines"]

NAME = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')"
DOTTED = rf"{NAME}(?:\s*\.\s*{NAME})*"
TABLE = re.compile(rf"\s*\[\[?\s*({DOTTED})\s*\]\]?")
KEY = re.compile(rf"\s*({DOTTED})\s*=(.*)")
PART = re.compile(NAME)


def toml_lines(text: str) -> dict[tuple[str, ...], int]:
    """Paths to lines. Keys inside inline tables have none; their table's line stands for them."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    fence: str | None = None
    for number, row in enumerate(text.splitlines(), 1):
        if fence is not None:
            fence = None if fence in row else fence
        elif header := TABLE.match(row):
            table = _parts(header.group(1))
            _note(lines, table, 0, number)
        elif entry := KEY.match(row):
            path = (*table, *_parts(entry.group(1)))
            _note(lines, path, len(table), number)
            fence = _opened(entry.group(2))
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in PART.findall(dotted))


def _note(lines: dict[tuple[str, ...], int], path: tuple[str, ...], known: int, number: int) -> None:
    for end in range(known + 1, len(path) + 1):
        lines.setdefault(path[:end], number)


def _opened(rest: str) -> str | None:
    """The quotes of a text of several lines that begins here and does not end here."""
    for fence in ('"""', "'''"):
        if rest.count(fence) == 1:
            return fence
    return None
