"""Each lane carries the columns that its readers need, and no others."""

from __future__ import annotations

import pytest

from headrace.compiler import Plan, Surroundings, compile_pipeline
from headrace.core import Schema
from headrace.project import read_pipeline
from headrace.runner.projection import Projection, project_columns

HEAD = "headrace: 1\nkind: pipeline\nname: test\nstages:\n  load: {type: origin.files, path: in.csv}\n"
INPUT = Schema.of(dict.fromkeys(("id", "City", "price", "rooms", "note"), "bigint"))
OUT = "  out: {type: destination.discard, from: last}\n"


def plan_of(stages: str) -> Plan:
    run = {"id": "r1", "started": "2026-01-31T10:00:00+00:00", "date": "2026-01-31"}
    around = Surroundings(run, {}, lambda wanted, needs: ("embedded", "every stage can run on it"))
    return compile_pipeline(read_pipeline(HEAD + stages, "test.yaml"), {}, around)


def projection_of(plan: Plan) -> Projection:
    schemas: dict[tuple[str, str | None], Schema] = {("load", None): INPUT}
    for step in plan.steps:
        if not step.inputs:
            continue
        inputs = {port: schemas[lane.stage, lane.output] for port, lane in step.inputs.items()}
        after = step.stage.columns_after(inputs)
        if after is None and step.type == "processor.aggregate":
            after = Schema.of({**dict.fromkeys(step.stage.group_by, "bigint"), "t": "bigint"})  # type: ignore[attr-defined]
        if isinstance(after, Schema):
            schemas[step.name, None] = after
        elif after is not None:
            schemas |= {(step.name, output): schema for output, schema in after.items()}
    return project_columns(plan, schemas)


def read_for(stages: str) -> tuple[str, ...] | None:
    plan = plan_of(stages)
    return projection_of(plan).of_origin(plan.step("load"))


@pytest.mark.parametrize(
    ("stages", "columns"),
    [
        ("  last: {type: processor.filter, from: load, condition: price > 0}\n", None),
        (
            "  last: {type: processor.remove_fields, from: load, fields: [NOTE, 'r*']}\n",
            ("id", "City", "price"),
        ),
        ("  last: {type: processor.keep_fields, from: load, fields: [price]}\n", ("price",)),
        (
            "  x: {type: processor.rename_fields, from: load, rename: {City: town, id: City}}\n"
            "  last: {type: processor.keep_fields, from: x, fields: [town]}\n",
            ("id", "City"),
        ),
        (
            "  x: {type: processor.filter, from: load, condition: 'ROOMS > 2'}\n"
            "  last: {type: processor.keep_fields, from: x, fields: [price]}\n",
            ("price", "rooms"),
        ),
        (
            "  last: {type: processor.aggregate, from: load, group_by: [city], aggregates: {t: sum(id)}}\n",
            ("id", "City"),
        ),
        (
            "  last: {type: processor.aggregate, from: load, group_by: [city], aggregates: {t: count(*)}}\n",
            ("City",),
        ),
        (
            "  last: {type: processor.aggregate, from: load, group_by: [city],"
            " aggregates: {t: 'count(struct(*))'}}\n",
            None,
        ),
        (
            "  x: {type: processor.deduplicate, from: load}\n"
            "  last: {type: processor.keep_fields, from: x, fields: [price]}\n",
            None,
        ),
        (
            "  x: {type: processor.deduplicate, from: load, keys: [id]}\n"
            "  last: {type: processor.keep_fields, from: x, fields: [price]}\n",
            ("id", "price"),
        ),
        (
            "  x: {type: processor.sample, from: load, fraction: 0.5, seed: 1}\n"
            "  last: {type: processor.keep_fields, from: x, fields: [price]}\n",
            None,
        ),
        (
            "  x: {type: processor.convert_types, from: load, columns: {price: double}, on_error: discard}\n"
            "  last: {type: processor.keep_fields, from: x, fields: [id]}\n",
            None,
        ),
        (
            "  x: {type: processor.pyspark, from: load, code: 'output = inputs[0]', columns: {id: bigint}}\n"
            "  last: {type: processor.filter, from: x, condition: id > 0}\n",
            None,
        ),
    ],
)  # fmt: skip
def test_an_origin_reads_what_somebody_behind_it_needs(stages: str, columns: tuple[str, ...] | None) -> None:
    assert read_for(stages + OUT) == columns


def test_a_join_keeps_its_keys_and_every_name_that_both_sides_have() -> None:
    plan = plan_of(
        "  other: {type: processor.keep_fields, from: load, fields: [id, price]}\n"
        "  both: {type: processor.join, from: {left: load, right: other}, on: [id]}\n"
        "  last: {type: processor.keep_fields, from: both, fields: [rooms]}\n" + OUT
    )
    found = projection_of(plan)
    assert found.lanes["both", "left"] == {"id", "price", "rooms"}
    assert found.lanes["both", "right"] == {"id", "price"}


def test_a_reader_that_needs_less_than_its_neighbor_has_a_frame_of_its_own() -> None:
    plan = plan_of(
        "  big: {type: processor.filter, from: load, condition: rooms > 1}\n"
        "  totals: {type: processor.aggregate, from: big, group_by: [City], aggregates: {t: sum(price)}}\n"
        "  last: {type: processor.join, from: {left: big, right: totals}, on: [City]}\n" + OUT
    )
    found = projection_of(plan)
    assert found.narrower(plan, plan.step("totals"), "frame") == {"city", "price"}
    assert found.above(plan, plan.step("big"), frozenset({"price"})) == {"frame": {"price", "rooms"}}
    assert found.narrower(plan, plan.step("last"), "left") is None
