"""What an action is about to compute, read from the request that the client sends to the engine.

A count is exact only if the action reads the counted frame to its end. A ``limit`` above it may stop
early, so labels below one are told apart from labels that are read whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .tally import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["certain_zero", "executed_relations", "marks_in"]

_STOPS_EARLY = frozenset({"limit", "offset", "tail", "show_string", "html_string", "as_of_join"})
_READS_ALL = frozenset({"aggregate", "sort", "deduplicate", "group_map"})
"""Operators that take every row before they give the first: a limit above them stops nothing below."""
_EVERYTHING = 2**31 - 1
"""A limit that keeps a sort in the plan, not one that cuts."""
_SQL_STOPS_EARLY = re.compile(r"\b(limit|offset|fetch|tablesample)\b", re.IGNORECASE)
_MAY_STOP = re.compile(r"Join|Limit|TopK|fetch=")


def executed_relations(request: Any) -> Iterator[Any]:
    """The relations that an ``ExecutePlanRequest`` computes."""
    plan = request.plan
    if plan.WhichOneof("op_type") == "root":
        yield plan.root
        return
    command = plan.command
    kind = command.WhichOneof("command_type")
    for name in ("input", "relation", "source_table_plan"):
        body = getattr(command, kind, None) if kind else None
        if body is not None and name in body.DESCRIPTOR.fields_by_name and body.HasField(name):
            yield getattr(body, name)


def marks_in(relation: Any, *, joins_read_all: bool = True) -> dict[str, bool]:
    """The taps below ``relation``, and whether each is read to its end."""
    found: dict[str, bool] = {}
    waiting = [(relation, True)]
    while waiting:
        node, whole = waiting.pop()
        kind = node.WhichOneof("rel_type")
        if kind is None:
            continue
        body = getattr(node, kind)
        for mark in _own_marks(kind, body):
            found[mark] = found.get(mark, True) and whole
        below = _whole_below(kind, body, whole, joins_read_all)
        waiting.extend((child, below) for child in _children(body))
    return found


def certain_zero(physical_plan: str, mark: str) -> bool:
    """Whether a tap that saw no row stands in the plan, with nothing above it that could stop early."""
    above: list[tuple[int, str]] = []
    for line in physical_plan.splitlines():
        indent = len(line) - len(line.lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        if f"{mark}@" in line:
            return not any(_MAY_STOP.search(text) for _, text in above)
        above.append((indent, line))
    return False


def _own_marks(kind: str, body: Any) -> Iterator[str]:
    if kind == "project":
        for expression in body.expressions:
            for name in expression.alias.name:
                if name.startswith(f"__{MARK}"):
                    yield name[2:]
    if kind == "collect_metrics" and body.name.startswith(MARK):
        yield body.name


def _whole_below(kind: str, body: Any, whole: bool, joins_read_all: bool) -> bool:
    if kind in _READS_ALL:
        return True
    if kind in _STOPS_EARLY:
        return whole and kind == "limit" and body.limit >= _EVERYTHING
    if kind == "with_relations" and body.root.WhichOneof("rel_type") == "sql":
        return whole and not _SQL_STOPS_EARLY.search(body.root.sql.query)
    if kind == "join":
        return whole and joins_read_all
    return whole


def _children(body: Any) -> Iterator[Any]:
    for descriptor, value in body.ListFields():
        if descriptor.message_type is None or descriptor.message_type.name not in ("Relation", "Reference"):
            continue
        yield from value if descriptor.is_repeated else (value,)
