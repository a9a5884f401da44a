"""``${…}`` in text: parsed once, replaced by what the place asks for.

Alone, ``${name}`` keeps its type; inside text it becomes text; inside SQL and gate expressions it is a typed
literal, quoted and escaped, never pasted; ``$${`` is a literal ``${``.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

__all__ = ["as_gate", "as_sql", "as_text", "has_references", "in_quotes", "is_unclosed", "substitute"]

REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
QUOTED = re.compile(r"--[^\n]*|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`", re.DOTALL)


def has_references(text: str) -> bool:
    """Whether anything in ``text`` would be replaced."""
    return "${" in text


def is_unclosed(text: str) -> bool:
    """Whether a ``${`` begins in ``text`` that is no reference."""
    return "${" in REFERENCE.sub("", text)


def in_quotes(text: str) -> list[str]:
    """References inside quoted parts of SQL, where a literal would end the quotes and paste what follows."""
    quoted = (each.group(0) for each in QUOTED.finditer(text) if not each.group(0).startswith("--"))
    return [found.group(0) for part in quoted for found in REFERENCE.finditer(part) if found.group(1)]


def substitute(
    text: str, look_up: Callable[[str], Any], write: Callable[[Any], str], *, alone: bool = True
) -> Any:
    """``text`` with every reference replaced by ``write(look_up(name))``.

    With ``alone`` a text that is one reference and nothing else gives the value itself, type and all.
    """
    whole = REFERENCE.fullmatch(text)
    if alone and whole is not None and whole.group(1) is not None:
        return look_up(whole.group(1).strip())

    def replacement(match: re.Match[str]) -> str:
        name = match.group(1)
        return "${" if name is None else write(look_up(name.strip()))

    return REFERENCE.sub(replacement, text)


def as_text(value: Any) -> str:
    """A value inside a path or a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(as_text(each) for each in value)
    return "" if value is None else str(value)


def as_sql(value: Any) -> str:
    """A typed Spark SQL literal; a list becomes ``(a, b)`` for ``IN``."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return (
            f"CAST('{value!r}' AS DOUBLE)"
            if value != value or value in (float("inf"), -float("inf"))
            else f"{value!r}D"
        )
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(as_sql(each) for each in value) + ")" if value else "(NULL)"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def as_gate(value: Any) -> str:
    """A literal of the gate's language; negative numbers are put in parentheses."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return f"({value!r})" if value < 0 else repr(value)
    if isinstance(value, dt.date):
        return json.dumps(value.isoformat())
    return json.dumps(value, ensure_ascii=False)
