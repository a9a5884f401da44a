"""User code: what it finds, what it may give, and how its mistakes are told."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.core import Schema, UserCodeFailed, find_stage

ROWS = {"id": [1, 2, 3], "price": [1.5, 2.5, None]}


def failure(apply: Any, code: str, **config: Any) -> UserCodeFailed:
    with pytest.raises(UserCodeFailed) as caught:
        apply("pyspark", {"code": code, **config}, named={"load": ROWS}, stage="mine")
    assert caught.value.where == "mine"
    return caught.value


def test_code_finds_inputs_by_name_and_place_with_parameters_and_a_session(apply: Any) -> None:
    code = """
from pyspark.sql import functions as F
assert inputs["load"] is inputs[0] and inputs[-1] is inputs[0] and len(inputs) == 1
extra = spark.range(1).select(F.lit(parameters["minimum"]).alias("minimum"))
output = inputs["load"].where(F.col("price") > parameters["minimum"]).crossJoin(extra)
"""
    rows = apply("pyspark", {"code": code}, named={"load": ROWS}, parameters={"minimum": 2})
    assert rows == [{"id": 2, "price": 2.5, "minimum": 2}]


@pytest.mark.parametrize(
    "code",
    [
        "import pandas as pd\noutput = pd.DataFrame({'a': [1]}, index=[7])",
        "import pyarrow as pa\noutput = pa.table({'a': [1]})",
    ],
)
def test_a_pandas_or_arrow_table_is_a_frame(apply: Any, code: str) -> None:
    assert apply("pyspark", {"code": code}, named={"load": ROWS}) == [{"a": 1}]
    assert apply("pyspark", {"code": f"{code}[:0]"}, named={"load": ROWS}) == []


def test_functions_of_the_code_run_on_the_engine(apply: Any) -> None:
    code = """
from pyspark.sql.functions import udf
OFFSET = 10
def moved(value):
    return value + OFFSET
output = inputs[0].select(udf(moved, "bigint")("id").alias("moved"))
"""
    assert apply("pyspark", {"code": code}, named={"load": ROWS}) == [
        {"moved": 11},
        {"moved": 12},
        {"moved": 13},
    ]


def test_an_error_names_the_innermost_line_of_the_user_s_own(apply: Any) -> None:
    error = failure(
        apply, "import json\n\ndef parsed(text):\n    return json.loads(text)\n\noutput = parsed('{')\n"
    )
    assert error.code == "user-code-failed"
    assert error.message.startswith("Line 4 of its code: `return json.loads(text)`. JSONDecodeError: ")
    assert error.line == 4  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(error)).line == 4


def test_a_syntax_error_names_its_line(apply: Any) -> None:
    assert failure(apply, "x = 1\noutput = = 2").message.startswith(
        "Line 2 of its code: `output = = 2`. SyntaxError"
    )


def test_an_engine_s_error_is_short_and_at_the_line_that_asked(apply: Any) -> None:
    error = failure(apply, "rows = inputs[0].select('prize')\noutput = rows\nrows.collect()")
    assert error.message.startswith("Line 3 of its code: `rows.collect()`. ")
    assert len(error.message) < 1500


@pytest.mark.parametrize("code", ["exit(0)", "import sys; sys.exit('enough')", "raise SystemExit"])
def test_an_exit_is_a_failure(apply: Any, code: str) -> None:
    assert "ended the program" in failure(apply, code).message


@pytest.mark.parametrize("code", ["x = 1", "output = None", "output = 5", "output = {'a': inputs[0]}"])
def test_code_that_gives_no_table_is_told_what_to_assign(apply: Any, code: str) -> None:
    assert failure(apply, code).code == "no-output"


def test_an_unknown_input_says_which_there_are(apply: Any) -> None:
    assert "there is no input 'lod'; there is 'load'" in failure(apply, "output = inputs['lod']").message


def test_several_outputs_are_a_mapping(apply: Any) -> None:
    code = "rows = inputs[0]\noutput = {'cheap': rows.where('price < 2'), 'dear': rows.where('price >= 2')}"
    made = apply("pyspark", {"code": code, "outputs": ["cheap", "dear"]}, named={"load": ROWS})
    assert {name: [row["id"] for row in rows] for name, rows in made.items()} == {"cheap": [1], "dear": [2]}
    error = failure(apply, code, outputs=["cheap", "other"])
    assert 'did not assign `output["other"]`' in error.message


def test_declared_columns_are_what_comes_after_and_have_to_be_true(apply: Any) -> None:
    code = "output = inputs[0].select('id')"
    stage = find_stage("processor.pyspark").stage(code=code, columns={"id": "long"})
    assert stage.columns_after({}) == Schema.of({"id": "bigint"})
    assert apply("pyspark", {"code": code, "columns": {"id": "long"}}, named={"load": ROWS})[0] == {"id": 1}
    assert failure(apply, code, columns={"id": "int"}).code == "output-columns-differ"
    assert find_stage("processor.pyspark").stage(code=code).columns_after({}) is None


def test_columns_of_several_outputs_are_declared_for_each() -> None:
    kind = find_stage("processor.pyspark").stage
    stage = kind(code="x", outputs=["a", "b"], columns={"a": {"x": "int"}, "b": {"y": "text"}})
    assert stage.lanes() == ("a", "b")
    assert stage.columns_after({}) == {"a": Schema.of({"x": "int"}), "b": Schema.of({"y": "string"})}
    for wrong in ({"outputs": ["a"], "columns": {"b": {"x": "int"}}}, {"columns": {"a": {"x": "int"}}}):
        with pytest.raises(ValidationError):
            kind(code="x", **wrong)


def test_what_code_prints_is_in_the_log_and_not_on_the_screen(apply: Any, caplog: Any, capsys: Any) -> None:
    code = "print('two\\nlines', end='')\nprint('x' * 9000)"
    code += "\ninputs[0].show()\nlog.warning('mine')\noutput = inputs[0]"
    with caplog.at_level(logging.INFO, logger="headrace.test"):
        apply("pyspark", {"code": code}, named={"load": ROWS})
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "two"
    assert max(map(len, lines)) <= 4002
    assert any("| id|price|" in line for line in lines)
    assert lines[-1] == "mine"
    assert capsys.readouterr().out == ""


def test_code_that_imports_pyspark_ml_is_for_spark() -> None:
    stage = find_stage("processor.pyspark").stage
    assert stage(code="from pyspark.ml import Pipeline\noutput = inputs[0]").engine_needs() == {"spark_ml"}
    assert not stage(code="output = inputs[0]").engine_needs()
