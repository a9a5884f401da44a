"""What a plain YAML scalar means, by the core schema of YAML 1.2."""

from __future__ import annotations

import math
import re

__all__ = ["NotANumber", "plain_value"]

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
FIRST = frozenset("+-.0123456789")
LONGEST = 400
"""Digits of a number; beyond these it is no number that anything could hold."""


class NotANumber(ValueError):
    """A scalar that is written as a number that JSON, and so a document, cannot hold."""


def plain_value(text: str) -> str | int | float | bool | None:
    """A plain scalar's value. Raises :class:`NotANumber` for infinite, undefined and endless numbers."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in FIRST:
        return text
    if len(text) > LONGEST:
        if FLOAT.fullmatch(text):
            raise NotANumber(f"A number of {len(text)} characters is too long.")
        return text
    return _number(text)


def _number(text: str) -> str | int | float:
    if INTEGER.fullmatch(text):
        return int(text)
    if BASED.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise NotANumber(f"'{text}' is larger than any number.")
        return value
    if NOT_FINITE.fullmatch(text):
        raise NotANumber(f"'{text}' is not a number that a document can hold.")
    return text
