"""The types of expressions with branches, which the embedded engine tells wrongly.

Sail gives `CASE … THEN 1 ELSE 2.5 END` the type of its first branch, `int`, and computes decimals: schemas,
hashes and files would not agree. What it computes is the common type of the branches, as on Spark. It says so
when it is asked for no rows; a cast to that very type then makes the schema true.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .arrow import IN_PROCESS
from .columns import column, identifiers

if TYPE_CHECKING:
    from headrace.core import Frame

__all__ = ["truly_typed"]

BRANCHES = frozenset({"case", "decode", "if", "nvl2"})


def truly_typed(frame: Frame, expressions: Iterable[str]) -> Frame:
    """``frame``, made by SQL ``expressions``, whose schema is what comes out."""
    if not getattr(frame.sparkSession, IN_PROCESS, False) or not any(map(_has_branches, expressions)):
        return frame
    told, computed = frame.schema.fields, _computed(frame)
    names = [each.name for each in told]
    casts: dict[str, Any] = {
        one.name: column(one.name).cast(other.dataType)
        for one, other in zip(told, computed, strict=True)
        if one.dataType != other.dataType and names.count(one.name) == 1
    }
    return frame.withColumns(casts) if casts else frame


def _has_branches(sql: str) -> bool:
    return not BRANCHES.isdisjoint(each.lower() for each in identifiers(sql))


def _computed(frame: Frame) -> list[Any]:
    """The fields that the engine itself computes, over no rows."""
    client = frame.sparkSession.client
    schema = client.to_table(frame.limit(0)._plan.to_proto(client), {})[1]
    return list(schema.fields)
