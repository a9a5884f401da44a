"""Expressions and queries."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from pyspark.sql.pandas.types import to_arrow_schema

from headrace.core import find_stage
from headrace.testing import StageRun


def test_an_expression_sees_what_is_written_above_it(apply: Any) -> None:
    config = {"columns": {"a": "a * 10", "b": "a + 1", "a b": "b * 2", "c": "`a b` + a"}}
    assert apply("sql_expression", config, {"a": [1], "b": [0]}) == [{"a": 10, "b": 11, "a b": 22, "c": 32}]


def test_expressions_that_do_not_need_each_other_are_one_step() -> None:
    stage = find_stage("processor.sql_expression").stage
    wide: Any = stage(columns={f"c{n}": f"n + {n}" for n in range(100)})
    assert len(list(wide._steps())) == 1
    literal: Any = stage(columns={"a": "1", "b": "'a'", "c": "b -- a\n"})
    assert list(literal._steps()) == [["a", "b"], ["c"]]


def test_branches_of_several_types_have_the_type_that_holds_all(any_engine: Any, tmp_path: Path) -> None:
    """Sail alone says that a CASE is of its first branch's type, and computes another."""
    columns = {"a": "CASE WHEN n > 1 THEN 1 ELSE 2.5 END", "b": "if(n > 1, n, 1e3)", "c": "n"}
    frame = any_engine.session.createDataFrame(pa.table({"n": [1, 2]}))
    run = StageRun(any_engine.session, tmp_path, engine=any_engine.name)
    made = find_stage("processor.sql_expression").stage(columns=columns).transform(frame, run=run)
    branches = "CASE WHEN n > 1 THEN 1 ELSE 0.5 END"
    total = find_stage("processor.aggregate").stage(aggregates={"s": f"sum({branches})"})
    query = find_stage("processor.sql").stage(query=f"SELECT {branches} AS x FROM rows")
    for each in (made, total.transform(frame, run=run), query.transform(run=run, rows=frame)):
        assert to_arrow_schema(each.schema).types == any_engine.to_arrow(each).schema.types
    assert [kind for _, kind in made.dtypes[1:]] == ["decimal(11,1)", "double", "bigint"]
    assert any_engine.to_arrow(made)["a"].to_pylist() == [Decimal("2.5"), Decimal("1.0")]


@pytest.mark.parametrize("expression", ["explode(list)", "1 + STACK (2, a, b)"])
def test_an_expression_that_makes_rows_is_sent_to_sql(expression: str) -> None:
    with pytest.raises(ValidationError, match=r"processor\.sql"):
        find_stage("processor.sql_expression").stage(columns={"x": expression})
    find_stage("processor.sql_expression").stage(columns={"x": "concat('explode(', explode)"})


def test_inputs_are_tables_under_their_own_names(apply: Any) -> None:
    query = """
        -- houses with their city's name; {braces} mean nothing
        WITH named AS (SELECT h.id, c.name FROM `good-houses` h JOIN cities c ON h.city = c.id)
        SELECT id, concat(name, '{x}') AS name FROM named ORDER BY id LIMIT 1;
    """
    inputs = {
        "good-houses": {"id": [1, 2], "city": [7, 8]},
        "cities": {"id": [7, 8], "name": ["Ulm", "Köln"]},
    }
    assert apply("sql", {"query": query}, named=inputs) == [{"id": 1, "name": "Ulm{x}"}]


def test_two_queries_do_not_see_each_other_s_tables_and_leave_none_behind(
    session: Any, apply: Any, frame: Any
) -> None:
    stage = find_stage("processor.sql").stage
    before = {table.name for table in session.catalog.listTables()}
    first = stage(query="SELECT n FROM rows")
    one = first.transform(run=type("R", (), {"session": session})(), rows=frame({"n": [1]}))
    other = first.transform(run=type("R", (), {"session": session})(), rows=frame({"n": [2]}))
    assert (one.toArrow()["n"].to_pylist(), other.toArrow()["n"].to_pylist()) == ([1], [2])
    assert {table.name for table in session.catalog.listTables()} == before
    with pytest.raises(Exception, match=r"(?i)houses"):
        apply("sql", {"query": "SELECT * FROM houses"}, named={"rows": {"n": [1]}})


@pytest.mark.parametrize(
    "query",
    ["DROP TABLE x", "CREATE VIEW v AS SELECT 1", "SELECT 1) t; DROP TABLE x; SELECT * FROM (SELECT 1"],
)
def test_only_a_query_is_a_query(apply: Any, query: str) -> None:
    with pytest.raises(Exception, match=r"(?i)syntax|parse|expected|found|invalid"):
        apply("sql", {"query": query}, named={"rows": {"n": [1]}})
