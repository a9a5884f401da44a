"""Columns of files: those that come later, those that a schema declares, and values that do not fit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.orc as po

if TYPE_CHECKING:
    from .conftest import Folder


def test_columns_that_come_later_are_ignored_added_or_a_reason_to_stop(folder: Folder) -> None:
    for number in range(12):
        folder.file(f"in/{number:02}.csv", f"id,a\n{number},x\n" if number != 6 else "id,b,a\n6,2.5,y\n")
    assert set(folder.types("in", sample_files=2)) == {"id", "a"}
    assert folder.types("in", new_columns="add") == {"id": "bigint", "a": "string", "b": "double"}
    rows = sorted(folder.rows("in", new_columns="add"), key=lambda row: row["id"])
    assert [row["b"] for row in rows] == [None] * 6 + [2.5] + [None] * 5
    assert set(folder.types("in", new_columns="add", schema="id int, c date")) == {"id", "c", "a", "b"}
    assert folder.rows("in/06.csv", new_columns="add", schema="id int, c date") == [
        {"id": 6, "c": None, "b": 2.5, "a": "y"}
    ]
    error = folder.refused("in", new_columns="stop", sample_files=2)
    assert (error.code, "'in/06.csv' has a column 'b'" in str(error)) == ("new-column", True)
    assert len(folder.rows("in/0[0-3].csv", new_columns="stop", sample_files=2)) == 4


def test_a_schema_may_be_json_as_spark_writes_it(folder: Folder) -> None:
    inner = {
        "type": "struct",
        "fields": [{"name": "x y", "type": "integer", "nullable": True, "metadata": {}}],
    }
    fields = [
        {"name": "id", "type": "long", "nullable": False, "metadata": {}},
        {"name": "l", "type": {"type": "array", "elementType": inner, "containsNull": True}},
        {"name": "m", "type": {"type": "map", "keyType": "string", "valueType": "decimal(5,1)"}},
    ]
    folder.file("a.json", '{"id": 1, "l": [{"x y": 2}], "m": {"k": 1.5}}')
    schema = json.dumps({"type": "struct", "fields": fields})
    assert folder.types("a.json", schema=schema) == {
        "id": "bigint",
        "l": "array<struct<x y:int>>",
        "m": "map<string,decimal(5,1)>",
    }
    assert folder.rows("a.json", schema='{"id": "int"}') == [{"id": 1}]
    for text in ("{", '{"type": "struct", "fields": [1]}', '{"a": {"type": "blob"}}'):
        assert folder.refused("a.json", schema=text).code == "bad-schema", text


def test_values_of_a_file_never_wrap_around_in_a_declared_type(folder: Folder) -> None:
    table = pa.table({"big": [2**40], "x": [1.5], "t": ["no number"]})
    po.write_table(table, folder.path / "a.orc")
    for schema in ("big int", "x bigint", "t double"):
        error = folder.refused("a.orc", schema=schema)
        assert (error.code, "'a.orc', column" in str(error)) == ("value-does-not-fit", True), schema
    assert folder.rows("a.orc", schema="big double, x float") == [{"big": 2.0**40, "x": 1.5}]
