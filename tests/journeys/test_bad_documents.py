"""Documents that are wrong: each problem is found before anything runs, at its place, in words that help."""

from __future__ import annotations

from typing import Any

import pytest

from .documents import FILTER, HEAD, LOAD, TRAIN, issues, stages


def with_parameter(parameter: str, condition: str) -> str:
    head = f"{HEAD}parameters: {{{parameter}}}\nstages:\n{LOAD}"
    return head + f"  paid: {{type: processor.filter, from: load, condition: '{condition}'}}\n"


WRONG = {
    "unknown stage": (
        stages("  paid: {type: processor.filtr, from: load}\n"),
        ("unknown-stage", 6, "paid", "type"),
        "'processor.filtr' Did you mean 'processor.filter'?",
    ),
    "unknown field": (
        stages(FILTER.replace("condition", "conditon")),
        ("unknown-field", 6, "paid", "conditon"),
        "'conditon' Did you mean 'condition'?",
    ),
    "unknown parameter": (
        with_parameter("least: {type: number, default: 0}", "amount > ${leest}"),
        ("unknown-parameter", 7, "paid", "condition"),
        "'leest' Did you mean 'least'?",
    ),
    "wrong type": (
        stages("  some: {type: processor.sample, from: load, fraction: half}\n"),
        ("invalid-value", 6, "some", "fraction"),
        "number 'half'",
    ),
    "a choice misspelled": (
        stages("  out: {type: destination.files, from: load, path: out, format: parket}\n"),
        ("invalid-value", 6, "out", "format"),
        "'csv', 'json' or 'parquet' 'parket' Did you mean 'parquet'?",
    ),
    "a mapping expected": (
        stages("  other: {type: processor.rename_fields, from: load, rename: [id, name]}\n"),
        ("invalid-value", 6, "other", "rename"),
        "'rename' has to be a mapping.",
    ),
    "a key of every stage misspelled": (
        stages(FILTER.replace("from:", "form:")),
        ("unknown-field", 6, "paid", "form"),
        "'form' Did you mean 'from'?",
    ),
    "unknown connection": (
        stages("  out: {type: destination.files, from: load, path: 's3://a/b', connection: lak}\n"),
        ("unknown-connection", 6, "out", "connection"),
        "'lak' connections.yaml",
    ),
    "a reference without an end": (
        stages(FILTER.replace("amount > 0", "'amount > ${least'")),
        ("unknown-reference", 6, "paid", "condition"),
        "'${' '}' '$${'",
    ),
    "a type that is none": (
        with_parameter("least: {type: bool, default: true}", "amount > 0"),
        ("unknown-choice", 4, None, "parameters.least.type"),
        "'bool' Did you mean 'boolean'?",
    ),
    "value out of range": (
        stages("  some: {type: processor.sample, from: load, fraction: 7}\n"),
        ("invalid-value", 6, "some", "fraction"),
        "1",
    ),
    "missing required": (
        stages("  paid: {type: processor.filter, from: load}\n"),
        ("missing-field", 6, "paid", "condition"),
        "'condition'",
    ),
    "dangling name": (
        stages(FILTER.replace("from: load", "from: lod")),
        ("dangling-input", 6, "paid", "from"),
        "'lod' Did you mean 'load'?",
    ),
    "duplicate name": (
        stages(FILTER, FILTER),
        ("duplicate-key", 7, "paid", None),
        "'paid' lines 6 7",
    ),
    "two keys alike": (
        stages(
            "  paid:\n    type: processor.filter\n    from: load\n    from: load\n    condition: id > 1\n"
        ),
        ("duplicate-key", 9, "paid", "from"),
        "'from' lines 8 9",
    ),
    "a tab": (
        stages("  paid:\n\t type: processor.filter\n"),
        ("yaml-tab", 7, None, None),
        "tab spaces",
    ),
    "an empty document": ("", ("empty-document", None, None, None), "empty"),
    "only a comment": ("# later\n", ("empty-document", None, None, None), "empty"),
    "a list": ("- a\n- b\n", ("not-a-mapping", 1, None, None), "list"),
    "another kind of thing": (
        "kind: Deployment\n",
        ("unknown-kind", 1, None, "kind"),
        "'Deployment' pipeline",
    ),
    "a python object": (
        stages("  paid: !!python/object/apply:os.system ['touch hacked']\n"),
        ("yaml-tag", 6, "paid", None),
        "!!python/object/apply:os.system",
    ),
    "a python name": (
        stages(FILTER.replace("amount > 0", "!!python/name:os.system ''")),
        ("yaml-tag", 6, "paid", "condition"),
        "!!python/name:os.system",
    ),
    "a gate that calls a function": (
        stages(TRAIN, "  gate: {type: ml.promote_model, from: train, when: open('x') or r2 > 0}\n"),
        ("forbidden-expression", 7, "gate", "when"),
        "open",
    ),
    "text with a reference, unquoted inside braces": (
        stages(FILTER.replace("0", "${least}")),
        ("yaml-syntax", 6, None, None),
        "'${…}' in quotes",
    ),
    "a gate that is no expression": (
        stages(TRAIN, "  gate: {type: ml.promote_model, from: train, when: 'r2 >'}\n"),
        ("invalid-expression", 7, "gate", "when"),
        "r2",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_document_is_told_with_its_place_and_a_way_out(place: Any, name: str) -> None:
    text, expected, words = WRONG[name]
    found = issues(place, text)
    match = [each for each in found if (each.code, each.line, each.stage, each.field) == expected]
    assert match, found
    for word in words.split(" "):
        assert word in str(match[0])


def test_a_cycle_is_shown_whole(place: Any) -> None:
    ring = (
        "  a: {type: processor.filter, from: c, condition: id > 1}\n"
        "  b: {type: processor.filter, from: a, condition: id > 1}\n"
        "  c: {type: processor.filter, from: b, condition: id > 1}\n"
    )
    (cycle,) = [each for each in issues(place, stages(ring)) if each.code == "cycle"]
    assert "b → c → a → b" in cycle.message
    assert (cycle.line, cycle.stage, cycle.field) == (7, "b", "from")


def test_every_problem_is_told_at_once(place: Any) -> None:
    found = issues(
        place,
        stages(
            "  one: {type: processor.filtr, from: load}\n"
            "  two: {type: processor.filter, from: lod, condition: id > 1}\n"
            "  three: {type: processor.filter, from: load, conditon: id > 1}\n"
            "  four: {type: processor.sample, from: load, fraction: half}\n"
        ),
    )
    assert [each.stage for each in found if each.severity == "error"] == [
        "one",
        "two",
        "three",
        "three",
        "four",
    ]
    assert [each.line for each in found if each.severity == "error"] == [6, 7, 8, 8, 9]


def test_every_problem_of_one_stage_is_told_and_none_that_follows_from_another(place: Any) -> None:
    wrong = "path: '${leest}/${run:dat}', format: parket"
    found = issues(place, stages(f"  out: {{type: destination.files, from: load, {wrong}}}\n"))
    assert [(each.code, each.field) for each in found] == [
        ("unknown-parameter", "path"),
        ("unknown-reference", "path"),
        ("invalid-value", "format"),
    ]
    found = issues(place, with_parameter("least: {type: bool, default: true}", "amount > 0"))
    assert [each.code for each in found if each.severity == "error"] == ["unknown-choice"]
    alone = issues(place, stages("  some: {type: processor.sample, from: load, fraction: '${leest}'}\n"))
    assert [each.code for each in alone if each.severity == "error"] == ["unknown-parameter"]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"lest": 1}, "unknown-parameter", ("'lest'", "'least'")),
        ({"least": "many"}, "parameter-value", ("least", "'many'", "integer")),
        ({"least": -1}, "parameter-value", ("least", "-1", "0")),
        ({}, "missing-parameter", ("least",)),
    ],
)
def test_wrong_parameters_are_told(
    place: Any, given: dict[str, Any], code: str, words: tuple[str, ...]
) -> None:
    text = with_parameter("least: {type: integer, minimum: 0, required: true}", "amount > ${least}")
    (found,) = [each for each in issues(place, text, **given) if each.code == code]
    assert (found.line, found.field) == ((None, None) if "lest" in given else (4, "parameters.least"))
    for word in words:
        assert word in str(found)


@pytest.mark.parametrize("metric", ["r3", "cv.r2", "production.r3", "r2.__class__", "train.color"])
def test_a_gate_that_asks_for_what_the_training_never_gives_is_found_before_the_run(
    place: Any, metric: str
) -> None:
    gate = f"  gate: {{type: ml.promote_model, from: train, when: {metric} > 0.5}}\n"
    (found,) = issues(place, stages(TRAIN, gate))
    assert (found.code, found.line, found.stage, found.field) == ("unknown-metric", 7, "gate", "when")
    assert f"'{metric}'" in found.message
    assert found.hint
