"""YAML is read by the core schema of version 1.2, and what is dangerous in it is refused."""

from __future__ import annotations

import time

import pytest

from headrace.core import InvalidDocument, Issue, Json
from headrace.project import examine_pipeline, read_pipeline

HEAD = "headrace: 1\nkind: pipeline\nname: p\n"


def config(text: str) -> Json:
    pipeline = read_pipeline(f"{HEAD}stages:\n  a:\n    type: x.y\n" + text)
    return pipeline.stages["a"].config


def issues_of(text: str | bytes) -> tuple[Issue, ...]:
    return examine_pipeline(text, "p.yaml")[1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("true", True), ("FALSE", False), ("~", None), ("", None),
        ("1", 1), ("-1", -1), ("007", 7), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"), ("1:30", "1:30"),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1.", 1.0), ("'1'", "1"), ('"true"', "true"),
        ("2026-01-31", "2026-01-31"), ("${name}", "${name}"), ("a#b", "a#b"), ("+", "+"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(text: str, value: Json) -> None:
    found = config(f"    v: {text}\n")["v"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("number", [".nan", "-.inf", "1e999", "9" * 500])
def test_a_number_that_json_cannot_hold_is_an_issue(number: str) -> None:
    (issue,) = issues_of(f"{HEAD}stages:\n  a:\n    type: x.y\n    v: {number}\n")
    assert (issue.code, issue.line, issue.stage, issue.field) == ("invalid-number", 7, "a", "v")


def test_keys_are_text_as_written() -> None:
    assert config("    rename: {1: one, null: none, true: yes, on: x}\n")["rename"] == {
        "1": "one",
        "null": "none",
        "true": "yes",
        "on": "x",
    }


def test_a_key_given_twice_is_one_issue_with_both_lines() -> None:
    found = issues_of(
        HEAD
        + "stages:\n  a: {type: x.y}\n  b: {type: x.y, p: 1, p: 2}\n  a:\n    type: x.z\n    q: 1\n    q: 2\n"
    )
    assert [(issue.code, issue.line) for issue in found] == [
        ("duplicate-key",) * 1 + (n,) for n in (6, 7, 10)
    ]
    assert "on lines 5 and 7" in found[1].message
    assert "on lines 9 and 10" in found[2].message


def test_the_first_of_two_equal_keys_stays() -> None:
    pipeline, _ = examine_pipeline(HEAD + "stages: {a: {type: x.y, v: 1, v: 2}}\n")
    assert pipeline is not None
    assert pipeline.stages["a"].config == {"v": 1}


@pytest.mark.parametrize(
    "tag",
    ["!!python/object/apply:os.system [ls]", "!!python/name:os.system ''", "!mine 1", "!!set {a}", "!!str 1"],
)
def test_tags_are_refused_and_nothing_is_built(tag: str) -> None:
    found = issues_of(f"{HEAD}stages:\n  a:\n    type: x.y\n    v: {tag}\n")
    assert [(issue.code, issue.line, issue.field) for issue in found] == [("yaml-tag", 7, "v")]


def test_an_alias_repeats_a_value_and_a_merge_takes_keys_over() -> None:
    text = HEAD + (
        "stages:\n  a: &base {type: x.y, path: p, rows: &rows [1, 2]}\n"
        "  b: {<<: *base, path: q}\n  c: {type: x.z, rows: *rows}\n"
    )
    pipeline = read_pipeline(text)
    assert pipeline.stages["b"].type == "x.y"
    assert pipeline.stages["b"].config == {"path": "q", "rows": [1, 2]}
    assert pipeline.stages["c"].config == {"rows": [1, 2]}


def test_an_alias_bomb_is_refused_quickly() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 10):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    started = time.process_time()
    assert "yaml-alias" in [issue.code for issue in issues_of(HEAD + bomb)]
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("text", ["v: *nothing", "v: &x [*x]", "v: &x {a: *x}"])
def test_an_alias_that_leads_nowhere_or_into_itself_is_an_issue(text: str) -> None:
    found = issues_of(f"{HEAD}stages:\n  a:\n    type: x.y\n    {text}\n")
    assert [(issue.code, issue.line) for issue in found] == [("yaml-alias", 7)]


def test_a_tab_is_named_with_its_line() -> None:
    (issue,) = issues_of(HEAD + "stages:\n\ta: {type: x.y}\n")
    assert (issue.code, issue.line, issue.hint) == ("yaml-tab", 5, "Indent with spaces.")


def test_tabs_inside_a_block_of_code_are_fine() -> None:
    assert config("    code: |\n      if x:\n      \tpass\n") == {"code": "if x:\n\tpass\n"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: b: c\n", 1), ("a: [1, 2\n", 2), ("a: 'x\n", 2), ("a: {b: }}\n", 1), ("a: @x\n", 1),
        ("a: 1\n b: 2\n", 2), ("%YAML 9.9\n---\na: 1\n", 1), ('a: "\\q"\n', 1),
    ],
)  # fmt: skip
def test_text_that_is_not_yaml_is_an_issue_with_its_line(text: str, line: int) -> None:
    (issue,) = [each for each in issues_of(text) if each.code == "yaml-syntax"]
    assert issue.line == line
    assert issue.message.startswith("This is not YAML: ")


def test_several_documents_in_one_file_are_refused() -> None:
    assert "several-documents" in [issue.code for issue in issues_of(HEAD + "---\n" + HEAD)]


def test_endless_nesting_is_refused() -> None:
    for text in ("[" * 50_000, "a: " + "{a: " * 5_000, "- " * 5_000 + "x"):
        assert [issue.code for issue in issues_of(text) if issue.code != "yaml-key"] == ["yaml-nesting"]


def test_a_colon_without_a_key_is_an_issue() -> None:
    found = issues_of(HEAD + "stages: {a: {type: x.y, : 1}}\n")
    assert [(issue.code, issue.line) for issue in found] == [("yaml-key", 4)]


def test_a_mapping_as_a_key_is_an_issue() -> None:
    assert "yaml-key" in [
        issue.code for issue in issues_of(HEAD + "stages: {a: {type: x.y, ? {b: 1} : 2}}\n")
    ]


@pytest.mark.parametrize(
    ("raw", "code", "line"),
    [
        (b"headrace: 1\nname: caf\xe9\n", "document-encoding", 2),
        ("headrace: 1\n".encode("utf-16"), "document-encoding", 1),
        (bytes(range(128, 256)), "document-encoding", 1),
        (b"headrace: 1\nname: a\x00b\n", "control-character", 2),
        ("headrace: 1\nname: a\x1bb\n", "control-character", 2),
        ("headrace: 1\nname: a\ud800b\n", "control-character", 2),
    ],
)
def test_bytes_that_are_no_text_are_an_issue_with_their_line(raw: bytes | str, code: str, line: int) -> None:
    (issue,) = issues_of(raw)
    assert (issue.code, issue.line) == (code, line)


def test_half_a_surrogate_pair_in_an_escape_is_an_issue() -> None:
    found = issues_of(HEAD + 'stages: {a: {type: x.y, v: "\\ud800"}}\n')
    assert [issue.code for issue in found] == ["control-character"]


def test_an_escaped_control_character_is_a_value() -> None:
    assert config('    delimiter: "\\u0001"\n') == {"delimiter": "\x01"}


def test_messages_stay_short_whatever_the_document_says() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_pipeline(HEAD + f"{'k' * 900}: 1\nstages: {{a: {{type: x.y, on_error: {'v' * 9000}}}}}\n")
    assert all(len(issue.message) < 200 for issue in caught.value.issues)
