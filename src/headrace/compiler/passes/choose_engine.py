"""The engine that can run every stage."""

from __future__ import annotations

from headrace.compiler.draft import Draft
from headrace.core import InvalidCall

__all__ = ["choose_engine"]


def choose_engine(draft: Draft) -> Draft:
    """A stage that the wanted engine cannot run is an issue that says which can."""
    needs = {
        name: draft.stages[name].engine_needs()
        for name in draft.order
        if name in draft.stages and draft.stages[name].engine_needs()
    }
    wanted = draft.around.engine if draft.around.engine != "auto" else draft.pipeline.engine or "auto"
    try:
        engine, why = draft.around.choose(wanted, needs)
    except InvalidCall as error:
        stage = error.where if error.where in needs else None
        issue = draft.pipeline.issue(error.code, error.message, stage=stage, hint=error.hint)
        return draft.with_issues([issue])
    return draft.with_issues((), engine=engine, why_engine=why)
