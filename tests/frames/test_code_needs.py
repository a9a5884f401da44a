"""What code of a user's own needs is known before it runs."""

from __future__ import annotations

import pytest

from headrace.engine import CAPABILITIES, gap
from headrace.frames.code_needs import ATTRIBUTES, FORMATS, MODULES, code_needs


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("from pyspark.ml.regression import GBTRegressor", {"spark_ml"}),
        ("import pyspark.ml as ml", {"spark_ml"}),
        ("from pyspark import ml", {"spark_ml"}),
        ("def f():\n    from pyspark.mllib.stat import Statistics", {"spark_ml"}),
        ("output = spark.createDataFrame(inputs[0].rdd.map(f))", {"rdd"}),
        ("output = inputs[0].observe('x', f.count('*'))", {"observe"}),
        ("from pyspark.sql.functions import input_file_name", {"file_metadata"}),
        ("inputs[0].writeStream.foreachBatch(f).start()", {"streaming_sinks", "foreach_batch"}),
        ("output = spark.read.format('orc').load(p)", {"orc"}),
        ("output = spark.read.option('rowTag', 'r').xml(p)", {"xml"}),
        ("spark._jvm.java.lang.System.exit(1)", {"jvm"}),
        ("output = inputs[0].where(frame.xml > 'pyspark.ml')", set()),
        ("import pyspark.mlx, pyspark.sql\noutput = '{}'.format('a')", set()),
        ("this is no Python", set()),
    ],
)
def test_what_code_mentions_is_what_it_needs(code: str, needs: set[str]) -> None:
    assert code_needs(code) == needs


def test_every_need_is_a_capability_that_the_embedded_engine_lacks() -> None:
    for need in {*MODULES.values(), *ATTRIBUTES.values(), *FORMATS.values()}:
        assert need in CAPABILITIES
        assert gap("embedded", need) is not None
