"""What is written reads as the same, and an edit leaves alone what it does not touch."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core import InvalidCall, InvalidDocument, Json, Lane, Node, Parameter, Pipeline
from headrace.project import Document, dump_pipeline, read_pipeline

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        [
            *(
                "yes",
                "1",
                "1e3",
                ".5e3",
                "007",
                "0x1F",
                "null",
                "~",
                "",
                " ",
                "- a",
                "a: b",
                "# no",
                "${x}",
                "<<",
                "=",
            ),
            *(
                "a\n  b\n\n",
                "import x\n\nif x:\n    y()\n",
                "\ttab\n",
                "a\r\nb",
                "\x85",
                "\u2028",
                "é\n",
                "&a",
            ),
            *(
                "*a",
                "!t",
                "%x",
                "@x",
                "`x",
                "'",
                '"',
                "a #b",
                "true",
                "1_000",
                ".inf",
                ".nan",
                "\ufeff",
                "\x01",
            ),
            *("|", ">", "2026-01-31", "  a\nb", "a \nb", "\n", "---", "..."),
        ]
    ),
)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
CONFIGS = st.dictionaries(NAMES.map("f_{}".format), VALUES, max_size=4)


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    ports = draw(st.sampled_from(["none", "one", "list", "named"]))
    count = {"none": 0, "one": 1}.get(ports, draw(st.integers(1, 3)))
    lanes = tuple(
        Lane(draw(NAMES), draw(st.none() | NAMES), f"port{index}" if ports == "named" else None)
        for index in range(count)
    )
    return Node(
        name,
        draw(st.sampled_from(["origin.files", "processor.filter"])),
        draw(CONFIGS),
        lanes,
        draw(TEXTS),
        draw(st.sampled_from(["stop", "discard", "route"])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


PARAMETERS = st.one_of(
    st.builds(Parameter, type=st.just("integer"), default=st.integers(5, 9), minimum=st.just(1.0)),
    st.builds(Parameter, default=st.none() | TEXTS, description=TEXTS),
    st.builds(Parameter, type=st.just("list"), default=st.lists(TEXTS | st.booleans() | NUMBERS, max_size=3)),
    st.just(Parameter(type="date", default="2026-01-31", maximum="2027-01-01")),
    st.just(Parameter(required=True, secret=True)),
    st.just(Parameter(type="number", choices=(0.5, 1.0), default=1.0)),
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    parameters = draw(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), PARAMETERS, max_size=3))
    return Pipeline(
        name=draw(st.sampled_from(["p", "a b", "no", "1.5-x"])),
        stages={name: draw(nodes(name)) for name in names},
        parameters=parameters,
        description=draw(TEXTS),
        engine=draw(st.sampled_from([None, "embedded", "spark"])),
        counts=draw(st.sampled_from(["stages", "ends", "off"])),
        layout=draw(st.dictionaries(NAMES, VALUES, max_size=2)),
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(pipelines())
def test_a_written_pipeline_reads_as_an_equal_one(pipeline: Pipeline) -> None:
    again = read_pipeline(dump_pipeline(pipeline))
    assert again == pipeline
    assert again.digest() == pipeline.digest()
    assert again.layout == pipeline.layout
    assert list(again.stages) == list(pipeline.stages)


def shuffled(value: Json, draw: random.Random) -> Json:
    if isinstance(value, dict):
        keys = list(value)
        draw.shuffle(keys)
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(each, draw) for each in value] if isinstance(value, list) else value


@settings(max_examples=30, deadline=None, derandomize=True)
@given(pipelines(), st.randoms(use_true_random=False))
def test_the_digest_knows_neither_order_nor_comments_nor_layout(
    pipeline: Pipeline, draw: random.Random
) -> None:
    document = Document(dump_pipeline(pipeline))
    plain: Any = shuffled(document.get(()), draw)
    other = Document("headrace: 1\n")
    for key, value in plain.items():
        if key != "layout":
            other.set((key,), value)
    other.set(("layout",), {"positions": {"x": [1, 2]}})
    text = "# a comment\n" + other.text().replace("\nname:", "\n# another\nname:")
    ported = any(lane.port for node in pipeline.stages.values() for lane in node.inputs)
    if not ported:  # the order of named inputs is kept in the document's value
        assert read_pipeline(text).digest() == pipeline.digest()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(pipelines(), st.data())
def test_a_value_that_is_set_is_read_and_the_rest_stays(pipeline: Pipeline, data: st.DataObject) -> None:
    document = Document(dump_pipeline(pipeline))
    name = data.draw(st.sampled_from(sorted(pipeline.stages)))
    value = data.draw(VALUES)
    document.set(("stages", name, "set_here"), value)
    again = read_pipeline(document.text())
    assert again.stages[name].config["set_here"] == value
    assert {**again.stages[name].config, "set_here": None} == {
        **pipeline.stages[name].config,
        "set_here": None,
    }
    others = [node for node in pipeline.stages.values() if node.name != name]
    assert [node for node in again.stages.values() if node.name != name] == others


def test_a_written_document_is_what_a_person_would_write() -> None:
    pipeline = Pipeline(
        name="train",
        parameters={"max_iter": Parameter(type="integer", default=100, minimum=1)},
        stages={
            "load": Node("load", "origin.files", {"path": "data/*.csv", "null_values": ["", "NA"]}),
            "code": Node("code", "processor.pyspark", {"code": "a = 1\noutput = a\n"}, (Lane("load"),)),
        },
    )
    assert dump_pipeline(pipeline) == (
        "headrace: 1\nkind: pipeline\nname: train\n\n"
        "parameters:\n  max_iter: {type: integer, default: 100, minimum: 1}\n\n"
        "stages:\n  load:\n    type: origin.files\n    path: data/*.csv\n    null_values: ['', NA]\n"
        "  code:\n    type: processor.pyspark\n    from: load\n    code: |\n      a = 1\n      output = a\n"
    )


TEXT = """\
# what this is
headrace: 1   # the version
kind: pipeline
name: "x"

parameters:
  n: {type: integer, default: 0x1F}

stages:
  # the raw rows
  load: {type: origin.files, path: 'a b'}   # from the lake
  split:
    type: processor.split_rows   # by hash
    from: load
    when: 2026-01-31
  # after both
  train:
    type: ml.train_model
    from: [split.train, load]
    fields:
    - a   # one
    - b
  last: {type: destination.discard, from: {rows: split}}
layout:
  positions: {load: [1, 2], split: [3, 4]}
  groups:
  - {name: g, stages: [load, split]}
"""


def test_a_document_that_is_not_changed_is_written_to_the_letter() -> None:
    assert Document(TEXT).text() == TEXT


def test_an_edit_keeps_comments_order_quotes_and_the_rest() -> None:
    document = Document(TEXT)
    document.set(("stages", "load", "format"), "csv")
    document.set(("stages", "train", "fields", "2"), "c")
    changed = document.text().replace("} #", "}   #").splitlines()
    expected = (
        TEXT.replace("'a b'}", "'a b', format: csv}").replace("    - b\n", "    - b\n    - c\n").splitlines()
    )
    assert changed == expected


def test_renaming_a_stage_rewrites_every_from_and_the_layout() -> None:
    document = Document(TEXT)
    document.rename_stage("split", "parts")
    document.rename_stage("load", "raw")
    text = document.text()
    pipeline = read_pipeline(text)
    assert list(pipeline.stages) == ["raw", "parts", "train", "last"]
    assert pipeline.stages["train"].inputs == (Lane("parts", "train"), Lane("raw"))
    assert pipeline.stages["last"].inputs == (Lane("parts", None, "rows"),)
    assert pipeline.stages["parts"].inputs == (Lane("raw"),)
    assert pipeline.layout == {
        "positions": {"raw": [1, 2], "parts": [3, 4]},
        "groups": [{"name": "g", "stages": ["raw", "parts"]}],
    }
    for comment in ("what this is", "the version", "the raw rows", "from the lake", "by hash", "after both"):
        assert f"# {comment}" in text


def test_removing_a_stage_removes_what_read_it() -> None:
    document = Document(TEXT)
    document.remove_stage("split")
    pipeline = read_pipeline(document.text())
    assert list(pipeline.stages) == ["load", "train", "last"]
    assert pipeline.stages["train"].inputs == (Lane("load"),)
    assert pipeline.stages["last"].inputs == ()


def test_a_stage_is_added_at_the_end() -> None:
    document = Document(TEXT)
    document.add_stage("out", {"type": "destination.files", "from": "train", "path": "x"})
    assert "\n  out:\n    type: destination.files\n    from: train\n    path: x\n" in document.text()
    assert list(read_pipeline(document.text()).stages)[-1] == "out"
    empty = Document("headrace: 1\nkind: pipeline\nname: p\n")
    empty.add_stage("a", {"type": "origin.files"})
    assert list(read_pipeline(empty.text()).stages) == ["a"]


def test_an_edit_that_makes_no_sense_is_an_invalid_call() -> None:
    document = Document(TEXT)
    for edit, code in [
        (lambda: document.rename_stage("nothing", "x"), "no-such-place"),
        (lambda: document.rename_stage("load", "train"), "stage-exists"),
        (lambda: document.rename_stage("load", "a.b"), "invalid-name"),
        (lambda: document.add_stage("load", {"type": "x.y"}), "stage-exists"),
        (lambda: document.remove_stage("nothing"), "no-such-place"),
        (lambda: document.get(("stages", "laod")), "no-such-place"),
        (lambda: document.remove(("name", "x")), "no-such-place"),
        (lambda: document.set(("name", "x"), 1), "no-such-place"),
    ]:
        with pytest.raises(InvalidCall) as caught:
            edit()
        assert caught.value.code == code
    assert document.text() == TEXT


@pytest.mark.parametrize("text", ["", "- a", "a: 1\na: 2\n", "a: !!python/name:x ''", "a: [", b"\xff"])
def test_text_that_cannot_be_edited_is_an_invalid_document(text: str | bytes) -> None:
    with pytest.raises(InvalidDocument):
        Document(text)


def test_an_anchor_may_be_used_again() -> None:
    document = Document("a: &x 1\nb: &x 2\nc: *x\n")
    document.set(("d",), 3)
    assert document.get(()) == {"a": 1, "b": 2, "c": 2, "d": 3}


def test_line_ends_stay_as_they_were() -> None:
    document = Document(TEXT.replace("\n", "\r\n"))
    document.set(("name",), "y")
    assert document.text().count("\r\n") == document.text().count("\n") == TEXT.count("\n")
