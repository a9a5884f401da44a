"""Parameters of a pipeline in a database's SQL: ``:name`` becomes a typed literal, never pasted text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headrace.core import InvalidCall, Secret, did_you_mean

from .dialect import Dialect

__all__ = ["bound"]

PLACES = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$\w*\$.*?\$\w*\$|--[^\n]*|/\*.*?\*/|::|:(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)
"""What is quoted, commented or a cast stays as it is."""


def bound(sql: str, dialect: Dialect, parameters: Mapping[str, Any]) -> str:
    """``sql`` with every ``:name`` replaced. Raises ``InvalidCall`` (``unknown-parameter``)."""

    def literal(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        if name not in parameters:
            raise InvalidCall(
                "unknown-parameter",
                f"The SQL asks for ':{name}', and the pipeline has no parameter '{name}'.",
                hint=did_you_mean(name, parameters),
            )
        value = parameters[name]
        return dialect.literal(value.reveal() if isinstance(value, Secret) else value)

    return PLACES.sub(literal, sql.strip().rstrip(";"))
