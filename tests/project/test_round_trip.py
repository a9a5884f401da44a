"""What is written reads as the same pipeline, with the same digest."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core import Json, Lane, Node, Parameter, Pipeline
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
