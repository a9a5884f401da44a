"""A user's function that fails names its own line, whatever kind it is and whatever asked for its rows."""

from __future__ import annotations

import json
import linecache
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import functions as f

from headrace.core import HeadraceError
from headrace.engine import Engine, explain_failure
from headrace.stages.destinations.files import Files as Write
from headrace.testing import StageRun

IMPORTS = """\
from collections.abc import Iterator
import json, sys
import pandas as pd, pyarrow as pa
from pyspark.sql import Window, functions as F
from pyspark.sql.datasource import DataSource, DataSourceReader
"""

FUNCTIONS = {
    "udf": """
@F.udf("bigint")
def less(n):
    return 1 // 0  # here
output = rows.select(less("n"))
""",
    "udf with Arrow": """
@F.udf("bigint", useArrow=True)
def less(n):
    return 1 // 0  # here
output = rows.select(less("n"))
""",
    "lambda": """
less = F.udf(lambda n: (
    1 // 0  # here
), "bigint")
output = rows.select(less("n"))
""",
    "registered": """
def less(n):
    return 1 // 0  # here
spark.udf.register("less", less, "bigint")
output = rows.select(F.call_function("less", "n"))
""",
    "pandas_udf": """
@F.pandas_udf("bigint")
def less(n: pd.Series) -> pd.Series:
    return n + 1 // 0  # here
output = rows.select(less("n"))
""",
    "pandas_udf of iterators": """
@F.pandas_udf("bigint")
def less(given: Iterator[pd.Series]) -> Iterator[pd.Series]:
    for n in given:
        yield n + 1 // 0  # here
output = rows.select(less("n"))
""",
    "arrow_udf": """
@F.arrow_udf("bigint")
def less(n: pa.Array) -> pa.Array:
    return pa.array([1 // 0])  # here
output = rows.select(less("n"))
""",
    "pandas_udf of a group": """
@F.pandas_udf("bigint")
def less(n: pd.Series) -> int:
    return 1 // 0  # here
output = rows.groupBy("k").agg(less("n"))
""",
    "pandas_udf of a window": """
@F.pandas_udf("bigint")
def less(n: pd.Series) -> int:
    return 1 // 0  # here
output = rows.select(less("n").over(Window.partitionBy("k")))
""",
    "mapInArrow": """
def less(batches):
    for batch in batches:
        1 // 0  # here
        yield batch
output = rows.mapInArrow(less, rows.schema)
""",
    "mapInArrow with an iterator": """
def one(batch):
    return batch.slice(1 // 0)  # here
output = rows.mapInArrow(lambda batches: map(one, batches), rows.schema)
""",
    "mapInPandas": """
def less(frames):
    for frame in frames:
        yield frame + 1 // 0  # here
output = rows.mapInPandas(less, rows.schema)
""",
    "applyInPandas": """
def less(key, frame):
    return frame + 1 // 0  # here
output = rows.groupBy("k").applyInPandas(less, rows.schema)
""",
    "applyInPandas of iterators": """
def less(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for frame in frames:
        yield frame + 1 // 0  # here
output = rows.groupBy("k").applyInPandas(less, rows.schema)
""",
    "applyInArrow": """
def less(table):
    return table.slice(1 // 0)  # here
output = rows.groupBy("k").applyInArrow(less, rows.schema)
""",
    "cogroup": """
def less(left, right):
    return left + 1 // 0  # here
output = rows.groupBy("k").cogroup(rows.groupBy("k")).applyInPandas(less, rows.schema)
""",
    "udtf": """
@F.udtf(returnType="n bigint")
class Less:
    def eval(self, n: int):
        yield 1 // 0,  # here
output = Less(F.lit(1))
""",
    "data source": """
class Reader(DataSourceReader):
    def read(self, partition):
        yield 1 // 0,  # here
class Source(DataSource):
    @classmethod
    def name(cls):
        return "function_source"
    def schema(self):
        return "n bigint"
    def reader(self, schema):
        return Reader()
spark.dataSource.register(Source)
output = spark.read.format("function_source").load()
""",
}
ON_SPARK = ("udf", "registered", "mapInArrow", "applyInPandas")


class Code:
    """Code as a stage runs it, on an engine; its output is written to files."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.run = StageRun(engine.session, folder, engine=engine.name)

    def output(self, code: str) -> Any:
        text = IMPORTS + code
        linecache.cache["<prepare>"] = (len(text), None, text.splitlines(keepends=True), "<prepare>")
        rows = self.engine.session.range(0, 4, 1, 2).select(f.col("id").alias("n"), f.expr("id % 2 AS k"))
        space: dict[str, Any] = {"rows": rows, "spark": self.engine.session}
        exec(compile(text, "<prepare>", "exec", dont_inherit=True), space)
        return space["output"]

    def failure(self, code: str) -> HeadraceError:
        with pytest.raises(Exception) as caught:  # noqa: PT011 — whatever the engine raises
            Write(path="out").write(self.output(code), self.run)
        found = explain_failure(caught.value)
        assert found is not None
        return found


@pytest.fixture
def code(engine: Engine, tmp_path: Path) -> Code:
    return Code(engine, tmp_path)


def line_of(code: str) -> int:
    return next(n for n, line in enumerate((IMPORTS + code).splitlines(), 1) if line.endswith("# here"))


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_while_rows_are_written_the_line_is_told_with_its_stage(code: Code, kind: str) -> None:
    failed = code.failure(FUNCTIONS[kind])
    assert (failed.code, failed.where) == ("user-function-failed", "prepare")
    assert failed.message.startswith(f"Line {line_of(FUNCTIONS[kind])} of its code")
    assert failed.message.endswith("ZeroDivisionError: integer division or modulo by zero")


@pytest.mark.spark
def test_spark_tells_the_same(spark_engine: Engine, engine: Engine, tmp_path: Path) -> None:
    for kind in ON_SPARK:
        told = [Code(each, tmp_path).failure(FUNCTIONS[kind]) for each in (spark_engine, engine)]
        assert [told[0].message, told[0].where] == [told[1].message, told[1].where]


def test_of_two_functions_the_one_that_raised_is_told(code: Code) -> None:
    failed = code.failure("""
def first(batches):
    for batch in batches:
        raise ValueError("one\\ntwo: three")  # here
        yield batch
def second(batches):
    for batch in batches:
        yield batch
output = rows.mapInArrow(first, rows.schema).mapInArrow(second, rows.schema)
""")
    assert failed.message.endswith('`raise ValueError("one\\ntwo: three")  # here`. ValueError: one')


def test_an_error_of_the_rows_below_is_not_the_function_s(code: Code) -> None:
    failed = code.failure("""
def passed(batches):
    for batch in batches:
        yield batch
wrong = rows.selectExpr("n", "CAST(concat('x', n) AS BIGINT) AS k")
output = wrong.mapInArrow(passed, rows.schema)
""")
    assert failed.code == "cast-failed"


@pytest.mark.parametrize(
    ("line", "words"),
    [("return json.loads('{')", "JSONDecodeError: Expecting"), ("sys.exit(3)", "SystemExit: 3")],
)
def test_the_line_is_the_code_s_own_and_not_a_library_s(code: Code, line: str, words: str) -> None:
    failed = code.failure(f"def less(n):\n    {line}\noutput = rows.select(F.udf(less, 'bigint')('n'))\n")
    assert f"`{line}`. " in failed.message
    assert words in failed.message


def test_a_library_s_function_has_no_line_of_the_user_s(code: Code) -> None:
    failed = code.failure("output = rows.select(F.udf(json.loads, 'bigint')(F.lit('{')))")
    assert failed.message.startswith("A function that it calls on rows raised JSONDecodeError: Expecting")


def test_code_that_catches_the_error_finds_its_words(code: Code) -> None:
    caught = code.output("""
@F.udf("bigint")
def less(n):
    raise KeyError("no such house")
try:
    rows.select(less("n")).collect()
except Exception as error:
    output = str(error)
""")
    assert "KeyError: 'no such house'" in caught


def test_values_and_streams_pass_as_they_are(code: Code) -> None:
    told = code.output("""
@F.udf("array<string>")
def kept(n, word=None):
    return None if n == 0 else [word, str(n)]
def twice(batches):
    for batch in batches:
        yield batch
        yield batch
output = rows.mapInArrow(twice, rows.schema).select(kept("n", word=F.lit("a")).alias("w")).collect()
""")
    expected = [None, ["a", "1"], ["a", "2"], ["a", "3"]]
    assert sorted((row.w for row in told), key=json.dumps) == sorted(expected * 2, key=json.dumps)


@pytest.mark.parametrize("how", ["mapInArrow", "mapInPandas"])
def test_a_function_of_batches_does_not_run_ahead_of_its_reader(code: Code, tmp_path: Path, how: str) -> None:
    def many(batches: Any) -> Any:
        for batch in batches:
            for number in range(2_000):
                (tmp_path / "made").write_text(str(number))
                yield batch

    rows = code.engine.session.range(0, 10, 1, 1)
    assert len(getattr(rows, how)(many, rows.schema).limit(1).collect()) == 1
    assert int((tmp_path / "made").read_text()) < 1_999
