"""Pipeline → Plan: every pass runs, every problem is reported at once, nothing is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.core import InvalidDocument, Issue, Pipeline

from .draft import Draft, Surroundings
from .passes import PASSES
from .plan import Plan, Step

__all__ = ["check_pipeline", "compile_pipeline"]


def check_pipeline(pipeline: Pipeline, values: Mapping[str, Any], around: Surroundings) -> Draft:
    """The draft after all passes, with all its issues; never raises for what a document says."""
    draft = Draft(pipeline, values, around)
    for each in PASSES:
        draft = each(draft)
    return draft


def compile_pipeline(
    pipeline: Pipeline, values: Mapping[str, Any], around: Surroundings, issues: Iterable[Issue] = ()
) -> Plan:
    """The plan of a document with these parameter values.

    ``issues`` are problems found before (in the parameters, say), reported together with those found here.
    Raises ``InvalidDocument`` with every problem when there is one that is not a mere warning.
    """
    draft = check_pipeline(pipeline, values, around)
    found = sorted((*issues, *draft.issues), key=lambda issue: issue.line or 0)
    if any(issue.severity == "error" for issue in found):
        raise InvalidDocument(found)
    return Plan(
        pipeline=pipeline,
        steps=tuple(_step(draft, name) for name in draft.order),
        parameters=values,
        engine=draft.engine,
        why_engine=draft.why_engine,
        warnings=tuple(found),
        counts=pipeline.counts,
        mode=pipeline.mode,
    )


def _step(draft: Draft, name: str) -> Step:
    node = draft.pipeline.stages[name]
    return Step(
        name,
        node.type,
        draft.stages[name],
        draft.lanes[name],
        node.on_error,
        name in draft.kept,
        node.max_errors,
    )
