"""Connections that stages name."""

from __future__ import annotations

from headrace.compiler.draft import Draft
from headrace.core import did_you_mean, hinted_values

__all__ = ["find_connections"]


def find_connections(draft: Draft) -> Draft:
    """Names that the project does not have are issues at their field; nothing is opened."""
    known = draft.around.connections
    if known is None:
        return draft
    issues = [
        draft.pipeline.issue(
            "unknown-connection",
            f"No connection '{text}'.",
            stage=name,
            field=path,
            hint=did_you_mean(text, known) or "Write it into connections.yaml: 'NAME: {kind: s3, …}'.",
        )
        for name, stage in draft.stages.items()
        for path, hint, text in hinted_values(stage)
        if hint.kind == "connection" and text not in known
    ]
    return draft.with_issues(issues)
