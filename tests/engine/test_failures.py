"""What engines raise becomes one short error of ours, the same on both."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from pyspark.sql import functions as f

from headrace.core import (
    Cancelled,
    DataRefused,
    HeadraceError,
    InvalidCall,
    UserCodeFailed,
)
from headrace.engine import explain_failure


def explained(action) -> HeadraceError:
    with pytest.raises(Exception) as caught:  # noqa: PT011 — whatever the engine raises
        action()
    found = explain_failure(caught.value)
    assert found is not None
    assert "Traceback" not in found.message
    assert "at org.apache" not in found.message
    assert "\n" not in found.message
    return found


def rows(engine):
    return engine.session.range(5).withColumn("price", f.lit(1))


EXPRESSIONS = {
    "pricee > 1": (DataRefused, "unknown-column", "'pricee'"),
    "id >> > 1": (InvalidCall, "invalid-sql", "mistake at '>'"),
    "foo(id) > 1": (InvalidCall, "unknown-function", "foo"),
    "cast(concat('x', id) as int) > 1": (DataRefused, "cast-failed", "cannot be converted to int"),
    "cast(concat('x', id) as date) > current_date()": (DataRefused, "cast-failed", "to date"),
    "1 / id > 1": (DataRefused, "division-by-zero", "divides by zero"),
    "id % (id - id) > 1": (DataRefused, "division-by-zero", "divides by zero"),
    "id + array(1) > 1": (DataRefused, "type-mismatch", ""),
    "id >": (InvalidCall, "invalid-sql", "end of input"),
    "sum(id) > 1": (InvalidCall, "invalid-sql", "aggregate"),
    "cast(id as decimal(10,2)) / (id - id) > 1": (DataRefused, "division-by-zero", "divides by zero"),
    "-(cast('-9223372036854775808' as bigint) + 0 * id) > 1": (DataRefused, "arithmetic-overflow", ""),
    "date'2024-02-30' < current_date()": (DataRefused, "cast-failed", ""),
    "element_at(array(id), 3) > 0": (DataRefused, "index-out-of-range", "out of bounds"),
    "cast(id as string) rlike concat('(', id)": (InvalidCall, "invalid-pattern", "regular expression"),
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_wrong_expression_is_told_in_the_same_words_on_every_engine(any_engine, expression):
    kind, code, words = EXPRESSIONS[expression]
    found = explained(lambda: rows(any_engine).where(expression).collect())
    assert (type(found), found.code) == (kind, code)
    assert words in found.message.replace("INT", "int").replace("DATE", "date")


@pytest.mark.parametrize("call", ["try_add(id, 1)", "bool_and(id)", "sum(current_date())"])
def test_a_function_of_other_types_is_named_with_what_to_do(engine, call):
    found = explained(lambda: engine.session.range(1).selectExpr(f"{call} as it").collect())
    assert (found.code, f"'{call.partition('(')[0]}'" in found.message) == ("type-mismatch", True)
    assert "1L" in found.hint


@pytest.mark.spark
def test_spark_suggests_the_column_that_was_meant(spark_engine):
    found = explained(lambda: rows(spark_engine).where("pricee > 1").collect())
    assert found.hint == "Did you mean 'price'?"


def test_a_table_that_does_not_exist_is_named(any_engine):
    found = explained(lambda: any_engine.session.sql("SELECT * FROM nosuch").collect())
    assert found.code == "unknown-table"
    assert "nosuch" in found.message


def test_a_name_that_two_columns_have_is_ambiguous(any_engine):
    one, two = rows(any_engine).alias("one"), rows(any_engine).alias("two")
    joined = one.join(two, f.col("one.id") == f.col("two.id"))
    found = explained(lambda: joined.select("price").collect())
    assert (found.code, "'price'" in found.message) == ("ambiguous-column", True)


def test_a_file_that_is_cut_off_cannot_be_read(any_engine, tmp_path):
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and then nothing")
    found = explained(lambda: any_engine.session.read.parquet(str(tmp_path / "cut.parquet")).collect())
    assert (type(found), found.code) == (DataRefused, "broken-file")


def test_what_the_engine_will_not_overwrite_is_named(any_engine, tmp_path):
    place = str(tmp_path / "out")
    rows(any_engine).write.parquet(place)
    found = explained(lambda: rows(any_engine).write.parquet(place))
    assert (found.code, "out" in found.message) == ("destination-exists", True)


def test_a_function_that_raises_shows_its_own_line(any_engine):
    def halve(x):
        return 10 // (x - 3)

    found = explained(lambda: rows(any_engine).select(f.udf(halve, "int")("id")).collect())
    assert (type(found), found.code) == (UserCodeFailed, "user-function-failed")
    assert "`return 10 // (x - 3)`" in found.message
    assert "ZeroDivisionError" in found.message
    assert "test_failures.py" in found.message


def test_code_from_a_document_is_called_its_code(any_engine):
    space: dict[str, object] = {}
    exec(compile("def double(x):\n    return x.nothing\n", "<prepare>", "exec"), space)
    found = explained(lambda: rows(any_engine).select(f.udf(space["double"], "int")("id")).collect())
    assert found.message.startswith("Line 2 of its code")
    assert found.__dict__["line"] == 2


def test_our_own_refusals_come_back_as_they_were(any_engine):
    expression = "raise_error('[headrace:not-convertible] The value abc is no number.')"
    found = explained(lambda: rows(any_engine).selectExpr(expression).collect())
    assert (found.code, found.message) == ("not-convertible", "The value abc is no number.")


EXHAUSTED = """
import json, sys
from pathlib import Path
from headrace.core import EngineSettings
from headrace.engine import explain_failure, open_engine

with open_engine("embedded", EngineSettings(memory="20MB"), scratch=Path(sys.argv[1])) as engine:
    wide = engine.session.range(0, 1_000_000, 1, 2).selectExpr("id", "repeat(CAST(id AS STRING), 20) AS text")
    try:
        wide.join(wide.withColumnRenamed("text", "other"), "id").write.parquet(sys.argv[1] + "/out")
    except Exception as error:
        print(json.dumps({"kind": type(explain_failure(error)).__name__, **explain_failure(error).to_json()}))
"""


def test_a_join_that_needs_too_much_memory_says_what_to_do(tmp_path):
    """In a process of its own: a pool of 20 MB would starve the other tests."""
    program = tmp_path / "program.py"
    program.write_text(EXHAUSTED)
    command = [sys.executable, str(program), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(ended.stdout)
    assert (found["kind"], found["code"]) == ("EngineFailed", "out-of-memory")
    assert "20.0 MB" in found["message"]
    assert "SAIL_OPTIMIZER__PREFER_HASH_JOIN" in found["hint"]


def test_an_interrupted_query_is_a_cancellation(any_engine):
    started = threading.Event()
    errors: list[BaseException] = []

    def work():
        _ = any_engine.session
        started.set()
        try:
            any_engine.session.range(0, 10**11, 1, 2).selectExpr("sum(pmod(hash(id), 7))").collect()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    while thread.is_alive() and not errors:
        any_engine.interrupt()
        thread.join(0.2)
    assert isinstance(explain_failure(errors[0]), Cancelled)
    assert any_engine.session.range(3).count() == 3


def test_what_does_not_come_from_an_engine_is_not_explained():
    assert explain_failure(ValueError("mine")) is None
    own = DataRefused("code", "message")
    assert explain_failure(own) is own
