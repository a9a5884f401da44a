"""The schemas are valid, accept what is right and refuse what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from headrace.app.catalog import json_schema
from headrace.core import InvalidCall, stage_types
from headrace.project import Document
from headrace.runner import RunResult

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/pipelines/*.yaml"))
PIPELINE = """\
headrace: 1
kind: pipeline
name: p
parameters:
  n: {type: integer, default: 1, minimum: 0}
stages:
  keep: {type: processor.filter, from: load.rows, condition: "amount > ${n}"}
  sorted: {type: processor.sort, from: [keep], by: [amount], on_error: stop}
layout: {positions: {keep: [0, 0]}}
"""
ORCHESTRATION = """\
headrace: 1
kind: orchestration
name: nightly
triggers:
  files: {type: file_arrival, path: "s3://raw/*.csv", settled_for: 30s, parameters: {day: today}}
  night: {type: cron, schedule: "0 2 * * *", time_zone: Europe/Berlin}
  hook: {type: webhook}
  other: {type: after, job: load, outcome: finished}
  hand: {type: manual}
tasks:
  train: {type: run, pipeline: pipelines/train.yaml, parameters: {max_iter: 100}, timeout: 2h}
  pause: {type: wait, seconds: 5, after: train}
  good: {type: branch, after: [train], if: "train.metrics.r2 >= 0.85", then: tell, else: pause}
  tell: {type: notify, to: team, message: "r2 is ${train.metrics.r2}"}
repeat:
  until_good: {tasks: [train], until: "train.promoted", at_most: 3, parameters: [{max_iter: 200}]}
"""


def errors(kind: str, text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema(kind))
    return [error.message for error in validator.iter_errors(Document(text).get(()))]


@pytest.mark.parametrize("kind", ["pipeline", "orchestration", "run-result"])
def test_each_schema_is_itself_valid(kind: str) -> None:
    schema = json_schema(kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references(schema):
        assert resolves(schema, reference), reference


def references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [each for inner in schema.values() for each in references(inner)]
    return [each for inner in schema for each in references(inner)] if isinstance(schema, list) else []


def resolves(schema: Any, reference: str) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        if part not in schema:
            return False
        schema = schema[part]
    return True


def test_a_sound_pipeline_is_accepted() -> None:
    assert errors("pipeline", PIPELINE) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_accepted(path: Path) -> None:
    assert errors("pipeline", path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("headrace: 1", "headrace: 2"),
        ("kind: pipeline", "kind: pipelin"),
        ("name: p", "nme: p"),
        ("type: integer", "type: int"),
        ("minimum: 0", "minimun: 0"),
        ("processor.filter", "processor.filtr"),
        ("condition:", "conditon:"),
        ("from: load.rows", "from: a.b.c"),
        ("from: [keep]", "from: []"),
        ("on_error: stop", "on_error: skip"),
        ("keep: {", "a.b: {"),
    ],
)
def test_what_is_wrong_is_refused(old: str, new: str) -> None:
    assert errors("pipeline", PIPELINE.replace(old, new, 1))


def test_every_stage_type_has_its_fields_with_descriptions() -> None:
    schema = json_schema("pipeline")
    assert set(stage_types()) <= schema["$defs"].keys()
    condition = schema["$defs"]["processor.filter"]["properties"]["condition"]
    assert condition["description"]
    assert condition["x-headrace"] == {"kind": "sql", "language": "sql"}


def test_the_examples_of_every_field_are_accepted_by_its_schema() -> None:
    schema = json_schema("pipeline")
    refused = []
    for name in stage_types():
        for field, plain in schema["$defs"][name]["properties"].items():
            for example in plain.get("examples", ()) if isinstance(plain, dict) else ():
                validator = jsonschema.Draft202012Validator({**plain, "$defs": schema["$defs"]})
                if not validator.is_valid(example):
                    refused.append((name, field, example))
    assert refused == []


def test_a_field_of_any_type_accepts_a_reference() -> None:
    text = PIPELINE.replace("layout:", "  both: {type: processor.join, on: id, how: HOW}\nlayout:")
    assert errors("pipeline", text.replace("HOW", "left")) == []
    assert errors("pipeline", text.replace("HOW", "'${how}'")) == []
    assert errors("pipeline", text.replace("HOW", "sideways"))


def test_a_run_result_fits_its_schema() -> None:
    result = RunResult(run_id="r", pipeline="p", state="finished", started="2026-01-01", seconds=1.0)
    jsonschema.validate(result.model_dump(mode="json"), json_schema("run-result"))


def test_an_orchestration_is_checked_by_its_schema() -> None:
    assert errors("orchestration", ORCHESTRATION) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type: cron", "type: crn"),
        ('"0 2 * * *"', "daily"),
        ("pipeline: pipelines", "pipelin: pipelines"),
        ("at_most: 3", "at_most: 0"),
        (", at_most: 3", ""),
        ("timeout: 2h", "timeout: 2"),
        ("tasks: [train]", "tasks: []"),
    ],
)
def test_what_is_wrong_in_an_orchestration_is_refused(old: str, new: str) -> None:
    assert errors("orchestration", ORCHESTRATION.replace(old, new, 1))


def test_an_unknown_schema_is_an_invalid_call() -> None:
    with pytest.raises(InvalidCall) as caught:
        json_schema("pipelin")
    assert (caught.value.code, caught.value.hint) == ("unknown-schema", "Did you mean 'pipeline'?")
