"""Each configuration becomes an instance of its stage's class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from headrace.compiler.draft import Draft
from headrace.core import Issue, Node, Origin, Stage, did_you_mean, wanted

__all__ = ["bind"]

VERSION_KEY = "stage_version"
CODES = {"extra_forbidden": "unknown-field", "missing": "missing-field"}
EVERY_STAGE = ("from", "description", "on_error", "max_errors", "cache", "disabled")
"""What a stage has besides its own fields."""


def bind(draft: Draft) -> Draft:
    """Unknown, missing and mistyped fields are issues, each at its own place."""
    issues: list[Issue] = []
    stages: dict[str, Stage] = {}
    for name, config in draft.configs.items():
        node, stage = draft.pipeline.stages[name], draft.classes[name]
        try:
            stages[name] = stage(**_current(stage, config))
        except ValidationError as error:
            # A reference that did not resolve has its issue already.
            told = [each.field or "" for each in draft.issues if each.stage == name]
            issues.extend(_explain(draft, node, stage, error, told))
    return draft.with_issues(issues, stages=stages)


def _current(stage: type[Stage], config: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(config)
    version = plain.pop(VERSION_KEY, stage.stage_version)
    return stage.upgrade(plain, version) if version < stage.stage_version else plain


def _explain(
    draft: Draft, node: Node, stage: type[Stage], error: ValidationError, told: list[str]
) -> Iterator[Issue]:
    """One issue for each field and code; values of fields in ``told`` have theirs."""
    known = [info.alias or name for name, info in stage.model_fields.items()]
    found: dict[tuple[str, str], list[Any]] = {}
    for detail in error.errors(include_url=False):
        code = CODES.get(detail["type"], "invalid-value")
        found.setdefault((code, _path(node.config, detail["loc"])), []).append(detail)
    for (code, field), details in found.items():
        place: dict[str, Any] = {"stage": node.name, "field": field or None}
        if code == "unknown-field":
            message = f"'{node.type}' has no field '{field}'."
            yield draft.pipeline.issue(code, message, hint=_meant(field, known, stage), **place)
        elif code == "missing-field":
            yield draft.pipeline.issue(code, f"'{node.type}' needs the field '{field}'.", **place)
        elif not any(each == field or not field or each.startswith(f"{field}.") for each in told):
            carried = getattr(details[0].get("ctx", {}).get("error"), "issue", None)
            if isinstance(carried, Issue):  # the validator has better words, with a code of their own
                yield draft.pipeline.issue(carried.code, carried.message, hint=carried.hint, **place)
            else:
                message, hint = _value(node, field, details)
                yield draft.pipeline.issue(code, message, hint=hint, **place)


def _meant(field: str, known: list[str], stage: type[Stage]) -> str:
    """The field that a name is close to, or which fields there are."""
    if "." in field:
        return _fields(known)
    every = EVERY_STAGE[1:] if issubclass(stage, Origin) else EVERY_STAGE
    close = did_you_mean(field, (*known, *every))
    return close if close and close.startswith("Did") else _fields(known)


def _value(node: Node, field: str, details: list[Any]) -> tuple[str, str | None]:
    """What a value has to be, by every form that the field takes, and the word that was meant."""
    first = details[0]
    got = first["input"]
    plain = isinstance(got, str | int | float | bool | None) and field
    if not first["msg"].startswith("Input should be "):
        shown = f" (it is {got!r:.80})" if plain else ""
        return f"{field or node.type}: {wanted(first)}{shown}.".replace("..", "."), None
    forms = " or ".join(dict.fromkeys(map(wanted, details)))
    shown = f"; it is {got!r:.80}" if plain else ""
    hint = did_you_mean(got, forms.split("'")[1::2]) if isinstance(got, str) else None
    return f"'{field or node.type}' has to be {forms}{shown}.", hint if hint and "Did" in hint else None


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
