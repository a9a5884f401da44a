"""``${…}`` in every stage's configuration becomes a value."""

from __future__ import annotations

from typing import Any

from headrace.compiler.draft import Draft
from headrace.compiler.substitution import (
    as_gate,
    as_sql,
    as_text,
    has_references,
    in_quotes,
    is_unclosed,
    substitute,
)
from headrace.core import Hint, Issue, Node, Secret, did_you_mean, rewrite

__all__ = ["fill_values"]

RUN_NAMES = ("date", "id", "started")


class _Unresolved(Exception):
    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.hint = code, hint


def fill_values(draft: Draft) -> Draft:
    """Unknown names, unset variables and secrets in the open are issues at the field that holds them."""
    issues: list[Issue] = []
    configs: dict[str, dict[str, Any]] = {}
    for name, node in draft.pipeline.stages.items():
        if name in draft.classes:
            configs[name] = _fill(draft, node, issues)
    return draft.with_issues(issues, configs=configs)


def _fill(draft: Draft, node: Node, issues: list[Issue]) -> dict[str, Any]:
    def change(path: str, hint: Hint | None, text: str) -> Any:
        kind = hint.kind if hint else None
        if kind == "code" or not has_references(text):
            return text
        wrong: list[_Unresolved] = []
        value = _replace(draft, kind, text, wrong)
        issues.extend(
            draft.pipeline.issue(each.code, str(each), stage=node.name, field=path, hint=each.hint)
            for each in wrong
        )
        return text if wrong else value

    filled: dict[str, Any] = rewrite(draft.classes[node.name], node.config, change)
    return filled


def _replace(draft: Draft, kind: str | None, text: str, wrong: list[_Unresolved]) -> Any:
    """``text`` filled; every reference in it that leads nowhere joins ``wrong``."""

    def look_up(name: str) -> Any:
        try:
            return _look_up(draft, name)
        except _Unresolved as error:
            wrong.append(error)
            return None

    if is_unclosed(text):
        wrong.append(_Unresolved("unknown-reference", "A '${' has no '}'.", "A plain '${' is written '$${'."))
    if kind in ("sql", "gate"):
        wrong.extend(map(_quoted, in_quotes(text)))
    if kind == "sql":
        return substitute(text, look_up, as_sql, alone=False)
    if kind == "gate":
        return substitute(text, look_up, as_gate, alone=False)
    return substitute(text, look_up, as_text)


def _quoted(reference: str) -> _Unresolved:
    message = f"{reference} stands inside quotes; its value comes with quotes of its own."
    hint = f"Leave the quotes out, or put texts together: concat('%', {reference}, '%')."
    return _Unresolved("quoted-reference", message, hint)


def _look_up(draft: Draft, name: str) -> Any:
    space, _, rest = name.partition(":")
    if not rest:
        return _parameter(draft, name)
    if space == "run":
        return _run_value(draft, rest)
    if space == "env":
        if rest not in draft.around.environment:
            raise _Unresolved("unset-environment-variable", f"The environment variable '{rest}' is not set.")
        return draft.around.environment[rest]
    if space == "secret":
        raise _Unresolved(
            "secret-in-the-open",
            f"A stage's field cannot hold the secret '{rest}': it would be seen in plans and logs.",
            "Put it in a connection and name the connection here.",
        )
    raise _Unresolved(
        "unknown-reference",
        f"No values are called '{space}:…'.",
        did_you_mean(space, ("run", "env", "secret")),
    )


def _parameter(draft: Draft, name: str) -> Any:
    if name not in draft.pipeline.parameters:
        known = draft.pipeline.parameters
        hint = did_you_mean(name, known) if known else "The document declares no parameters."
        raise _Unresolved("unknown-parameter", f"No parameter '{name}'.", hint)
    value = draft.values.get(name)
    if isinstance(value, Secret):
        raise _Unresolved(
            "secret-in-the-open",
            f"The parameter '{name}' is secret; a stage's field cannot hold it.",
            "Put it in a connection, or read parameters[...] in code.",
        )
    return value


def _run_value(draft: Draft, name: str) -> str:
    if name not in draft.around.run:
        raise _Unresolved("unknown-reference", f"No run value '{name}'.", did_you_mean(name, RUN_NAMES))
    return draft.around.run[name]
