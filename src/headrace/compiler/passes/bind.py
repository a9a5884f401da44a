"""Each configuration becomes an instance of its stage's class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from headrace.compiler.draft import Draft
from headrace.core import Issue, Node, Stage, did_you_mean

__all__ = ["bind"]

VERSION_KEY = "stage_version"
ABOUT_NAMES = ("unknown-field", "missing-field")


def bind(draft: Draft) -> Draft:
    """Unknown, missing and mistyped fields are issues, each at its own place."""
    issues: list[Issue] = []
    stages: dict[str, Stage] = {}
    broken = {issue.stage for issue in draft.issues}
    for name, config in draft.configs.items():
        node, stage = draft.pipeline.stages[name], draft.classes[name]
        try:
            stages[name] = stage(**_current(stage, config))
        except ValidationError as error:
            found = _explain(draft, node, stage, error)
            # A reference that did not resolve has its issue already.
            issues.extend(each for each in found if name not in broken or each.code in ABOUT_NAMES)
    return draft.with_issues(issues, stages=stages)


def _current(stage: type[Stage], config: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(config)
    version = plain.pop(VERSION_KEY, stage.stage_version)
    return stage.upgrade(plain, version) if version < stage.stage_version else plain


def _explain(draft: Draft, node: Node, stage: type[Stage], error: ValidationError) -> Iterator[Issue]:
    known = [info.alias or name for name, info in stage.model_fields.items()]
    seen: set[tuple[str, str]] = set()
    for detail in error.errors(include_url=False):
        field = _path(node.config, detail["loc"])
        code, message, hint = _words(node, detail, field, known)
        if (code, field) not in seen:
            seen.add((code, field))
            yield draft.pipeline.issue(code, message, stage=node.name, field=field or None, hint=hint)


def _words(node: Node, detail: Any, field: str, known: list[str]) -> tuple[str, str, str | None]:
    last = field.rpartition(".")[2]
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(last, known) if "." not in field else None
        return "unknown-field", f"'{node.type}' has no field '{field}'.", hint or _fields(known)
    if detail["type"] == "missing":
        return "missing-field", f"'{node.type}' needs the field '{field}'.", None
    carried = getattr(detail.get("ctx", {}).get("error"), "issue", None)
    if isinstance(carried, Issue):  # the validator has better words, with a code of their own
        return carried.code, carried.message, carried.hint
    message = detail["msg"].removeprefix("Value error, ")
    got = detail["input"]
    shown = f" (it is {got!r:.80})" if isinstance(got, str | int | float | bool | None) and field else ""
    return "invalid-value", f"{field or node.type}: {message}{shown}.".replace("..", "."), None


def _fields(known: list[str]) -> str:
    return "Its fields are " + ", ".join(known) + "." if known else "It has no fields."


def _path(config: Mapping[str, Any], loc: tuple[Any, ...]) -> str:
    """The document path of a pydantic location: names of union members and models are left out."""
    parts: list[str] = []
    here: Any = config
    for position, part in enumerate(loc):
        inside = isinstance(here, Mapping) and part in here
        listed = isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)
        if inside or listed:
            here = here[part]
            parts.append(str(part))
        elif position == len(loc) - 1 and isinstance(here, Mapping):
            parts.append(str(part))
    return ".".join(parts)
