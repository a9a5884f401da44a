"""Stages in an order in which each comes after all it reads from."""

from __future__ import annotations

from headrace.compiler.draft import Draft
from headrace.core import Destination, find_cycle, in_order

__all__ = ["put_in_order"]


def put_in_order(draft: Draft) -> Draft:
    """A cycle is an issue; a processor that nothing reads from is a warning."""
    graph = {name: [lane.stage for lane in lanes.values()] for name, lanes in draft.lanes.items()}
    cycle = find_cycle(
        {name: [lane.stage for lane in node.inputs] for name, node in draft.pipeline.stages.items()}
    )
    issues = []
    if cycle:
        message = f"These stages read from each other in a circle: {' → '.join(cycle)}."
        issues.append(draft.pipeline.issue("cycle", message, stage=cycle[0], field="from"))
    read = {lane.stage for node in draft.pipeline.stages.values() for lane in node.inputs}
    for name in graph:
        kind = draft.classes.get(name)
        if kind and name not in read and not issubclass(kind, Destination) and not kind.eager:
            message = "Nothing reads from it, so a run leaves it out."
            issues.append(draft.pipeline.issue("unused-stage", message, stage=name, severity="warning"))
    return draft.with_issues(issues, order=tuple(in_order(graph)))
