"""Each stage's type becomes its class."""

from __future__ import annotations

from headrace.compiler.draft import Draft
from headrace.core import InvalidCall, Issue, Stage, find_stage

__all__ = ["find_classes"]


def find_classes(draft: Draft) -> Draft:
    """Types that do not exist are issues at ``type``."""
    issues: list[Issue] = []
    classes: dict[str, type[Stage]] = {}
    for node in draft.pipeline.stages.values():
        if not node.type:  # whoever read the document has said so
            continue
        try:
            classes[node.name] = find_stage(node.type).stage
        except InvalidCall as error:
            issues.append(
                draft.pipeline.issue(
                    error.code, error.message, stage=node.name, field="type", hint=error.hint
                )
            )
    return draft.with_issues(issues, classes=classes)
