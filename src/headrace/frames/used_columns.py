"""Which columns of its input a stage needs; names are case-folded, as Spark compares them.

Too many is always right, too few never: what cannot be told counts as used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from headrace.core import Names, Schema, Stage, hinted_values

from .columns import identifiers

__all__ = ["folded", "mentioned", "passed_on"]

_STAR = re.compile(r"(?:^|[,.(]|\bdistinct\b)\s*\*", re.IGNORECASE)
_COUNT = re.compile(r"\bcount\s*\(\s*\*\s*\)", re.IGNORECASE)


def folded(schema: Schema) -> Names:
    """All columns."""
    return frozenset(name.casefold() for name in schema.names)


def mentioned(stage: Stage, schema: Schema) -> Names:
    """The columns that a stage's fields name, in SQL too; a star there names all."""
    names: set[str] = set()
    for _, hint, text in hinted_values(stage):
        if hint.kind == "column":
            names.add(text.casefold())
        elif hint.kind == "sql":
            if _STAR.search(_COUNT.sub("", text)):
                return folded(schema)
            names |= {each.casefold() for each in identifiers(text)}
    return folded(schema) & names


def passed_on(stage: Stage, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
    """Of each input the wanted columns, as they are handed on under their names, and those mentioned."""
    return {port: (folded(schema) & wanted) | mentioned(stage, schema) for port, schema in inputs.items()}
