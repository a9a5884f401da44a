"""What stages find wrong with themselves before anybody has seen a column."""

from __future__ import annotations

from headrace.compiler.draft import Draft
from headrace.core import Issue

__all__ = ["find_mistakes"]


def find_mistakes(draft: Draft) -> Draft:
    """Configurations that cannot work, whatever comes in: a gate on a metric that no training gives, say."""
    source = draft.pipeline.source
    issues: list[Issue] = []
    for name, lanes in draft.lanes.items():
        if name not in draft.stages:
            continue
        sources = {
            port: (draft.stages[lane.stage], lane.output)
            for port, lane in lanes.items()
            if lane.stage in draft.stages
        }
        for issue in draft.stages[name].mistakes(sources):
            path = ("stages", name, *(issue.field or "").split("."))
            issues.append(issue.at(stage=name, file=source.file, line=source.line(*path)))
    return draft.with_issues(issues)
