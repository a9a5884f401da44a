"""Parameters are checked where they are declared, and values become what the declaration says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from headrace.core import Issue, Json, Secret
from headrace.project import examine_pipeline, read_pipeline, resolve_parameters

HEAD = "headrace: 1\nkind: pipeline\nname: p\n"
STAGES = "stages: {a: {type: x.y}}\n"


def declared(definition: str) -> tuple[Issue, ...]:
    return examine_pipeline(f"{HEAD}parameters:\n  x: {definition}\n{STAGES}")[1]


def resolved(definition: str, *, given: Json = None, overlay: Json = None) -> Any:
    pipeline = read_pipeline(f"{HEAD}parameters:\n  x: {definition}\n{STAGES}", "p.yaml")
    values, issues = resolve_parameters(
        pipeline, {} if given is None else {"x": given}, {} if overlay is None else {"x": overlay}
    )
    return issues[0] if issues else values["x"]


@pytest.mark.parametrize(
    "definition",
    [
        "{}",
        "{type: string, default: abc, choices: [abc, de], description: words}",
        "{type: integer, default: 3, minimum: 1, maximum: 5}",
        "{type: number, default: 1, minimum: 0.5}",
        "{type: date, default: 2026-01-31, minimum: 2026-01-01}",
        "{type: list, default: [1, 2], choices: [1, 2, 3]}",
        "{type: boolean, default: false}",
        "{secret: true, default: '${secret:TOKEN}'}",
        "{required: true}",
        "{default: }",
    ],
)
def test_a_sound_definition_has_no_issue(definition: str) -> None:
    assert declared(definition) == ()


@pytest.mark.parametrize(
    ("definition", "code", "field"),
    [
        ("{type: int}", "unknown-choice", "type"),
        ("{type: 3}", "unknown-choice", "type"),
        ("{defualt: 3}", "unknown-key", "defualt"),
        ("100", "wrong-type", None),
        ("{required: maybe}", "wrong-type", "required"),
        ("{description: 3}", "wrong-type", "description"),
        ("{type: string, default: 5}", "invalid-parameter", "default"),
        ("{type: integer, default: '5'}", "invalid-parameter", "default"),
        ("{type: integer, default: true}", "invalid-parameter", "default"),
        ("{type: integer, default: 1.5}", "invalid-parameter", "default"),
        ("{type: integer, default: 0, minimum: 1}", "invalid-parameter", "default"),
        ("{type: integer, default: 9, maximum: 1}", "invalid-parameter", "default"),
        ("{type: integer, minimum: 3, maximum: 1}", "invalid-parameter", "minimum"),
        ("{type: integer, minimum: low}", "invalid-parameter", "minimum"),
        ("{type: date, minimum: 3}", "invalid-parameter", "minimum"),
        ("{type: date, default: 2026-13-01}", "invalid-parameter", "default"),
        ("{type: date, default: 20260101}", "invalid-parameter", "default"),
        ("{type: string, minimum: 3}", "invalid-parameter", "minimum"),
        ("{type: list, default: a}", "invalid-parameter", "default"),
        ("{type: list, default: [[1]]}", "invalid-parameter", "default"),
        ("{choices: []}", "invalid-parameter", "choices"),
        ("{choices: abc}", "invalid-parameter", "choices"),
        ("{choices: [a, 3]}", "invalid-parameter", "choices.1"),
        ("{default: c, choices: [a, b]}", "invalid-parameter", "default"),
        ("{default: a, required: true}", "invalid-parameter", "required"),
        ("{secret: true, default: hunter2}", "invalid-parameter", "default"),
        ("{secret: true, type: integer}", "invalid-parameter", "secret"),
    ],
)
def test_a_definition_is_checked_against_itself(definition: str, code: str, field: str | None) -> None:
    (issue,) = declared(definition)
    assert (issue.code, issue.line) == (code, 5)
    assert issue.field == ("parameters.x" if field is None else f"parameters.x.{field}")
    assert "hunter2" not in str(issue)


@pytest.mark.parametrize("name", ["a-b", "1a", "a.b", "''", "é"])
def test_a_parameter_is_named_so_that_text_can_refer_to_it(name: str) -> None:
    _, issues = examine_pipeline(f"{HEAD}parameters: {{{name}: {{}}}}\n{STAGES}")
    assert [issue.code for issue in issues] == ["invalid-name"]


@pytest.mark.parametrize(
    ("definition", "text", "value"),
    [
        ("{}", "abc", "abc"),
        ("{type: integer}", "5", 5),
        ("{type: integer}", "-5", -5),
        ("{type: number}", "1e-3", 0.001),
        ("{type: number}", "2", 2.0),
        ("{type: boolean}", "true", True),
        ("{type: boolean}", "No", False),
        ("{type: date}", "2026-01-31", dt.date(2026, 1, 31)),
        ("{type: list}", "a, b", ["a", "b"]),
        ("{type: list}", "", []),
        ("{type: list, default: [1]}", "2,3", [2, 3]),
        ("{type: list, choices: [0.5, 1]}", "0.5,1", [0.5, 1.0]),
        ("{type: list}", '[1, "b", true]', [1, "b", True]),
    ],
)
def test_text_becomes_the_declared_type(definition: str, text: str, value: Any) -> None:
    found = resolved(definition, given=text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("definition", "given"),
    [
        ("{type: integer}", "1.5"),
        ("{type: integer}", "five"),
        ("{type: integer}", ""),
        ("{type: integer}", True),
        ("{type: integer}", "9" * 5000),
        ("{type: number}", "nan"),
        ("{type: number}", "inf"),
        ("{type: number}", "1_0"),
        ("{type: number}", 10**400),
        ("{type: boolean}", "2"),
        ("{type: date}", "31.01.2026"),
        ("{type: date}", "2026-02-30"),
        ("{type: list}", "[1, 2"),
        ("{type: list}", "[[1]]"),
        ("{}", 5),
        ("{type: integer, minimum: 1}", "0"),
        ("{type: date, maximum: 2026-01-01}", "2026-01-02"),
        ("{choices: [a, b]}", "c"),
        ("{type: list, choices: [a, b]}", "a,c"),
    ],
)
def test_a_value_that_does_not_fit_is_an_issue_at_the_declaration(definition: str, given: Json) -> None:
    issue = resolved(definition, given=given)
    assert isinstance(issue, Issue)
    assert (issue.code, issue.file, issue.line) == ("parameter-value", "p.yaml", 5)
    assert len(issue.message) < 300


def test_what_is_given_goes_before_the_overlay_and_the_overlay_before_the_default() -> None:
    assert resolved("{default: a}") == "a"
    assert resolved("{default: a}", overlay="b") == "b"
    assert resolved("{default: a}", overlay="b", given="c") == "c"
    assert resolved("{type: date}", overlay=dt.date(2026, 1, 31)) == dt.date(2026, 1, 31)


def test_a_parameter_without_a_value_is_none_unless_it_is_required() -> None:
    assert resolved("{type: integer}") is None
    issue = resolved("{required: true}")
    assert (issue.code, issue.line, issue.hint) == ("missing-parameter", 5, "Give it as -p x=….")


def test_an_unknown_name_is_an_issue_when_given_and_for_others_in_the_overlay() -> None:
    pipeline = read_pipeline(f"{HEAD}parameters: {{max_iter: {{type: integer, default: 1}}}}\n{STAGES}")
    values, issues = resolve_parameters(pipeline, {"max_itr": "3"}, {"other": 1})
    assert values == {"max_iter": 1}
    assert [(issue.code, issue.hint) for issue in issues] == [
        ("unknown-parameter", "Did you mean 'max_iter'?")
    ]


def test_every_problem_with_values_is_reported_at_once() -> None:
    pipeline = read_pipeline(f"{HEAD}parameters:\n  a: {{type: integer}}\n  b: {{required: true}}\n{STAGES}")
    _, issues = resolve_parameters(pipeline, {"a": "x", "c": "1"}, {})
    assert [issue.code for issue in issues] == ["unknown-parameter", "parameter-value", "missing-parameter"]


def test_a_secret_value_is_a_secret_and_appears_in_no_issue() -> None:
    found = resolved("{secret: true}", given="canary")
    assert isinstance(found, Secret)
    assert (str(found), found.reveal()) == ("•••", "canary")
    refused = resolved("{secret: true, choices: ['${secret:A}']}", given="canary")
    assert isinstance(refused, Issue)
    assert "canary" not in str(refused)
