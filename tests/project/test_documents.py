"""A document is read into a pipeline, or every problem in it is told at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from headrace.core import InvalidCall, InvalidDocument, Issue, Lane, Node
from headrace.project import examine_pipeline, load_pipeline, read_pipeline

HEAD = "headrace: 1\nkind: pipeline\nname: p\n"
WHOLE = """\
headrace: 1
kind: pipeline
name: train-housing
description: Prices of houses.
engine: embedded
counts: ends
parameters:
  max_iter: {type: integer, default: 100, minimum: 1}
  since: {type: date, default: 2026-01-31}
stages:
  load:   # the raw rows
    type: origin.files
    path: "data/*.csv"
    options:
      - {header: yes}
  parts: {type: processor.split_rows, from: load, on_error: route, cache: true, disabled: false}
  both:
    type: processor.join
    from: {left: parts.train, right: load}
    description: Both sides.
    stage_version: 2
  all: {type: processor.union, from: [both, parts.rest]}
layout:
  positions: {load: [0, 0]}
"""


def issues_of(text: str | bytes) -> tuple[Issue, ...]:
    with pytest.raises(InvalidDocument) as caught:
        read_pipeline(text, "p.yaml")
    return caught.value.issues


def only(text: str | bytes) -> Issue:
    found = issues_of(text)
    assert len(found) == 1, found
    return found[0]


def stage(text: str) -> str:
    return HEAD + "stages:\n  load:\n    " + text.replace("\n", "\n    ")


def test_a_whole_document_becomes_a_pipeline() -> None:
    pipeline = read_pipeline(WHOLE, "p.yaml")
    assert (pipeline.name, pipeline.description) == ("train-housing", "Prices of houses.")
    assert (pipeline.engine, pipeline.counts) == ("embedded", "ends")
    assert pipeline.parameters["max_iter"].default == 100
    assert pipeline.parameters["since"].default == "2026-01-31"
    assert list(pipeline.stages) == ["load", "parts", "both", "all"]
    assert pipeline.stages["load"].config == {"path": "data/*.csv", "options": [{"header": "yes"}]}
    assert pipeline.stages["parts"] == Node(
        "parts", "processor.split_rows", {}, (Lane("load"),), on_error="route", cache=True
    )
    assert pipeline.stages["both"].inputs == (Lane("parts", "train", "left"), Lane("load", None, "right"))
    assert pipeline.stages["both"].config == {"stage_version": 2}
    assert pipeline.stages["all"].inputs == (Lane("both"), Lane("parts", "rest"))
    assert pipeline.layout == {"positions": {"load": [0, 0]}}


def test_every_key_and_list_item_has_its_line() -> None:
    source = read_pipeline(WHOLE, "p.yaml").source
    assert source.file == "p.yaml"
    assert source.text == WHOLE
    assert source.line("stages", "load", "path") == 13
    assert source.line("stages", "load", "options", "0") == 15
    assert source.line("stages", "load", "options", "0", "header") == 15
    assert source.line("stages", "both", "from", "right") == 19
    assert source.line("parameters", "max_iter", "minimum") == 8
    assert source.line("stages", "load", "nothing", "there") == 11


def test_the_digest_is_of_the_meaning_alone() -> None:
    one = read_pipeline(HEAD + "stages:\n  a: {type: origin.files, path: x}\n  b: {type: x.y, from: a}\n")
    other = read_pipeline(
        "# said otherwise\nstages:\n  b:\n    from: a\n    type: x.y\n  a:\n    path: 'x'  # here\n"
        "    type: origin.files\nname: p\nkind: pipeline\nheadrace: 1\nlayout: {positions: {a: [1, 2]}}\n"
    )
    assert one.digest() == other.digest()
    assert one == other
    assert one.digest() != read_pipeline(HEAD + "stages:\n  a: {type: origin.files, path: y}\n").digest()


def test_a_file_is_read_and_named_in_its_issues(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert load_pipeline(path) == read_pipeline(WHOLE)
    path.write_text(HEAD + "stages: {a: {typ: x}}")
    with pytest.raises(InvalidDocument) as caught:
        load_pipeline(path)
    assert {issue.file for issue in caught.value.issues} == {str(path)}


def test_a_file_that_is_not_there_is_an_invalid_call_with_its_neighbor(tmp_path: Path) -> None:
    (tmp_path / "train.yaml").touch()
    with pytest.raises(InvalidCall) as caught:
        load_pipeline(tmp_path / "trian.yaml")
    assert caught.value.code == "no-such-document"
    assert caught.value.hint == "Did you mean 'train.yaml'?"
    with pytest.raises(InvalidCall) as caught:
        load_pipeline(tmp_path)
    assert caught.value.code == "no-such-document"
    with pytest.raises(InvalidCall) as caught:
        load_pipeline(tmp_path / "a\0b")
    assert caught.value.code == "unreadable-document"


def test_every_problem_is_reported_at_once_in_document_order() -> None:
    found = issues_of(
        "headrace: 2\nkind: pipeline\nnme: x\nparameters:\n  a: {type: intger}\n"
        "stages:\n  a.b: {type: x.y, on_error: never}\n  c:\n  d: {type: 3}\n"
    )
    assert [(issue.code, issue.line) for issue in found] == [
        ("wrong-version", 1),
        ("missing-key", 1),
        ("unknown-key", 3),
        ("unknown-choice", 5),
        ("invalid-name", 7),
        ("unknown-choice", 7),
        ("wrong-type", 8),
        ("wrong-type", 9),
    ]
    assert found[2].hint == "Did you mean 'name'?"
    assert found[3].field == "parameters.a.type"
    assert (found[5].stage, found[5].field) == ("a.b", "on_error")


def test_a_document_with_problems_still_shows_its_stages_to_the_compiler() -> None:
    pipeline, issues = examine_pipeline(
        HEAD + "engin: x\nstages: {a: {type: x.y}, b: , c: {type: x.z, from: a}}"
    )
    assert [issue.code for issue in issues] == ["unknown-key", "wrong-type"]
    assert pipeline is not None
    assert list(pipeline.stages) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_document_says_so(text: str) -> None:
    assert only(text).code == "empty-document"


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "42\n"])
def test_a_document_that_is_no_mapping_says_so(text: str) -> None:
    issue = only(text)
    assert (issue.code, issue.line) == ("not-a-mapping", 1)


def test_a_large_document_is_refused_before_it_is_parsed() -> None:
    text = HEAD + "description: |\n" + "  words and words\n" * 150_000
    started = time.process_time()
    assert only(text).code == "document-too-large"
    assert only(text.encode()).code == "document-too-large"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("pipelin", "Did you mean 'pipeline'?"), ("job", "There is 'pipeline'.")],
)
def test_an_unknown_kind_is_refused(kind: str, hint: str) -> None:
    issue = only(f"headrace: 1\nkind: {kind}\nname: p\n")
    assert (issue.code, issue.line, issue.hint) == ("unknown-kind", 2, hint)


@pytest.mark.parametrize("version", ["0", "2", "one", "true", "1.5", "[1]"])
def test_another_version_is_refused(version: str) -> None:
    issue = only(f"headrace: {version}\nkind: pipeline\nname: p\nstages: {{a: {{type: x.y}}}}\n")
    assert (issue.code, issue.line) == ("wrong-version", 1)


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("engine: sparc", "unknown-choice", "engine"),
        ("counts: on", "unknown-choice", "counts"),
        ("description: [a]", "wrong-type", "description"),
        ("layout: [a]", "wrong-type", "layout"),
        ("parameters: [a]", "wrong-type", "parameters"),
        ("triggers: {}", "unknown-key", "triggers"),
    ],
)
def test_a_wrong_top_level_key_is_an_issue_at_its_line(line: str, code: str, field: str) -> None:
    issue = only(f"{HEAD}{line}\nstages: {{a: {{type: x.y}}}}\n")
    assert (issue.code, issue.field, issue.line) == (code, field, 4)


@pytest.mark.parametrize("name", ["''", "a/b", "' a'", "3", "[x]"])
def test_a_pipeline_needs_a_proper_name(name: str) -> None:
    issue = only(f"headrace: 1\nkind: pipeline\nname: {name}\nstages: {{a: {{type: x.y}}}}\n")
    assert issue.code in ("invalid-name", "wrong-type")
    assert issue.line == 3


@pytest.mark.parametrize(
    ("stages", "code"),
    [("", "no-stages"), ("{}", "no-stages"), ("[a]", "wrong-type"), ("text", "wrong-type")],
)
def test_stages_are_a_mapping_of_at_least_one(stages: str, code: str) -> None:
    issue = only(f"{HEAD}stages: {stages}\n")
    assert (issue.code, issue.line) == (code, 4)


@pytest.mark.parametrize("name", ["a.b", "a b", "'é'", "''", "a/b", "x" * 101])
def test_a_stage_is_named_with_letters_digits_underscores_and_dashes(name: str) -> None:
    assert only(f"{HEAD}stages: {{{name}: {{type: x.y}}}}").code == "invalid-name"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ("path: x", "missing-key", None),
        ("type:", "missing-key", None),
        ("type: [a]", "wrong-type", "type"),
        ("type: x.y\ndescription: 3", "wrong-type", "description"),
        ("type: x.y\non_error: skip", "unknown-choice", "on_error"),
        ("type: x.y\non_error: 3", "unknown-choice", "on_error"),
        ("type: x.y\ncache: yes", "wrong-type", "cache"),
        ("type: x.y\ndisabled: 1", "wrong-type", "disabled"),
        ("type: x.y\nstage_version: two", "wrong-type", "stage_version"),
        ("type: x.y\nstage_version: 0", "wrong-type", "stage_version"),
        ("type: x.y\nfrom: 3", "invalid-lane", "from"),
        ("type: x.y\nfrom: a.b.c", "invalid-lane", "from"),
        ("type: x.y\nfrom:", "invalid-lane", "from"),
        ("type: x.y\nfrom: []", "invalid-lane", "from"),
        ("type: x.y\nfrom: {}", "invalid-lane", "from"),
        ("type: x.y\nfrom: [a, 3]", "invalid-lane", "from.1"),
        ("type: x.y\nfrom: {left: [a]}", "invalid-lane", "from.left"),
    ],
)
def test_a_reserved_key_of_the_wrong_kind_is_an_issue(body: str, code: str, field: str | None) -> None:
    issue = only(stage(body))
    assert (issue.code, issue.stage, issue.field) == (code, "load", field)
    assert issue.line == (5 if field is None else 5 + 1 + body.count("\n"))


@pytest.mark.parametrize("plain", ["text", "[a]", "3", ""])
def test_a_stage_is_a_mapping(plain: str) -> None:
    issue = only(f"{HEAD}stages:\n  load: {plain}\n")
    assert (issue.code, issue.stage, issue.line) == ("wrong-type", "load", 5)


def test_two_hundred_stages_are_read_in_a_blink() -> None:
    text = HEAD + "stages:\n  s0: {type: origin.files, path: 'data/*.csv', format: csv}\n"
    for index in range(1, 200):
        text += (
            f"  s{index}:\n    type: processor.filter\n    from: s{index - 1}\n    description: some\n"
            f'    condition: "amount > {index}"\n    fields: [a, b, c]\n'
        )
    seconds = []
    for _ in range(3):
        started = time.process_time()
        assert len(read_pipeline(text).stages) == 200
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.2
