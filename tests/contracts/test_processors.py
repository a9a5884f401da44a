"""What every processor promises, on every engine. A processor without an example below fails here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import BaseModel, ValidationError

from headrace.core import Processor, Schema, find_stage, stage_types
from headrace.frames.columns import schema_of
from headrace.testing import StageRun

from .processor_examples import EXAMPLES, STARTED, Example

CASES = [
    pytest.param(name, example, id=f"{name.removeprefix('processor.')}-{number}")
    for name, examples in EXAMPLES.items()
    for number, example in enumerate(examples)
]
FIRST_CASES = [case for case in CASES if str(case.id).endswith("-0")]
PROCESSORS = [name for name in stage_types() if name.startswith("processor.")]


def bound(name: str, example: Example) -> Processor:
    stage = find_stage(name).stage(**example.config)
    assert isinstance(stage, Processor)
    return stage


def applied(
    engine: Any, folder: Path, stage: Processor, tables: tuple[pa.Table, ...], rows: int | None = None
) -> Any:
    """The inputs as frames by port, and the outputs by name."""
    ports = stage.ports()
    names = ports.names or (("rows", "others", "more") if ports.named else ("0", "1", "2"))
    session = engine.session
    frames = {name: session.createDataFrame(table) for name, table in zip(names, tables, strict=False)}
    if rows is not None:
        frames = {name: frame.limit(rows) for name, frame in frames.items()}
    run = StageRun(session, folder, engine=engine.name, stage="it", started=STARTED)
    given = frames.values() if ports.variadic else ()
    made = stage.transform(*given, run=run, **({} if ports.variadic else frames))
    return frames, made if isinstance(made, Mapping) else {None: made}


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: repr(tuple(row.values())))


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    return bool(left == right)


def test_every_processor_has_an_example() -> None:
    assert sorted(EXAMPLES) == PROCESSORS


@pytest.mark.parametrize(("name", "example"), CASES)
def test_an_example_gives_its_rows_and_the_columns_it_announced(
    name: str, example: Example, any_engine: Any, tmp_path: Path
) -> None:
    stage = bound(name, example)
    frames, outputs = applied(any_engine, tmp_path, stage, example.inputs)
    before = {port: schema_of(frame) for port, frame in frames.items()}
    assert tuple(outputs) == (stage.lanes() or (None,))
    announced = stage.columns_after(before)
    assert not list(stage.problems(before))
    rows = 0
    for output, frame in outputs.items():
        table = any_engine.to_arrow(frame)
        rows += table.num_rows
        gives = example.gives if output is None else example.gives.get(output, {})
        check_rows(table, gives, example)
        if announced is not None:
            wanted = announced if isinstance(announced, Schema) else announced[output]
            assert [(c.name, c.type) for c in schema_of(frame)] == [(c.name, c.type) for c in wanted]
    if stage.keeps_rows:
        assert rows == example.inputs[0].num_rows
    for frame, given in zip(frames.values(), example.inputs, strict=True):
        assert frame.columns == given.column_names


def check_rows(table: pa.Table, gives: Mapping[str, Any], example: Example) -> None:
    found = table.to_pylist()
    if gives:
        chosen = in_order([{column: row[column] for column in gives} for row in found])
        wanted = in_order(
            [dict(zip(gives, values, strict=True)) for values in zip(*gives.values(), strict=True)]
        )
        assert len(chosen) == len(wanted)
        assert all(
            same(one[c], other[c]) for one, other in zip(chosen, wanted, strict=True) for c in gives
        ), chosen
    came = {row["id"]: row for row in example.inputs[0].to_pylist()}
    for row in found:
        origin = came.get(row.get("id"), {})
        for column in set(origin) & set(row) - example.changes:
            assert same(row[column], origin[column]), (column, row)


@pytest.mark.parametrize(("name", "example"), FIRST_CASES)
def test_no_rows_and_one_row_are_data_like_any_other(
    name: str, example: Example, any_engine: Any, tmp_path: Path
) -> None:
    stage = bound(name, example)
    for rows in (0, 1):
        frames, outputs = applied(any_engine, tmp_path, stage, example.inputs, rows)
        schemas = {port: schema_of(frame) for port, frame in frames.items()}
        counts = [any_engine.to_arrow(frame).num_rows for frame in outputs.values()]
        assert not list(stage.problems(schemas))
        assert not stage.keeps_rows or sum(counts) == rows


@pytest.mark.parametrize(("name", "example"), CASES)
def test_a_configuration_comes_back_from_json(name: str, example: Example) -> None:
    stage = bound(name, example)
    written = json.loads(stage.model_dump_json(by_alias=True))
    assert type(stage)(**written) == stage
    json.dumps(type(stage).model_json_schema())


@pytest.mark.parametrize("name", PROCESSORS)
def test_an_unknown_field_is_refused(name: str) -> None:
    config = EXAMPLES[name][0].config
    with pytest.raises(ValidationError) as caught:
        find_stage(name).stage(**config, colour="red")
    assert "colour" in str(caught.value)


@pytest.mark.parametrize("name", PROCESSORS)
def test_its_purpose_and_each_field_are_explained(name: str) -> None:
    kind = find_stage(name).stage
    summary = find_stage(name).summary
    assert summary.endswith(".")
    assert len(summary) <= 120
    for field_name, info in fields_of(kind):
        assert info.description, f"{field_name} has no description"
        assert info.description.rstrip()[-1] in ".!", f"{field_name}: a description is a sentence"
    examples = [info for _, info in fields_of(kind) if info.examples]
    assert examples, "at least one field shows an example"


def fields_of(model: type[BaseModel]) -> list[tuple[str, Any]]:
    """The fields of a model and of the models inside it."""
    found: list[tuple[str, Any]] = []
    for name, info in model.model_fields.items():
        found.append((f"{model.__name__}.{name}", info))
        for inner in models_in(info.annotation):
            found.extend(fields_of(inner))
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [each for part in getattr(annotation, "__args__", ()) for each in models_in(part)]
