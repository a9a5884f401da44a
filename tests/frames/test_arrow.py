"""A frame comes into this process whole, with its types, and in order where it has one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace.frames.arrow import TooLarge, frame_to_arrow

EVERY_TYPE = """
    SELECT id, CAST(id AS INT) AS i, CAST(id AS STRING) AS s, id % 2 = 0 AS b, CAST(id AS DOUBLE) AS d,
           CAST(id AS DECIMAL(10, 2)) AS m, DATE '2024-01-31' AS day, TIMESTAMP '2024-01-31 10:00:00' AS t,
           TIMESTAMP_NTZ '2024-01-31 10:00:00' AS n, array(id) AS a, named_struct('x', id) AS o,
           CASE WHEN id > 1 THEN id END AS missing, CAST('x' AS BINARY) AS bytes
    FROM range({rows})
"""


def plain(schema):
    """Types as Spark knows them: it does not tell a large string from a string."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return [(field.name, field.dataType) for field in from_arrow_schema(schema, prefer_timestamp_ntz=True)]


@pytest.mark.parametrize("rows", [0, 3])
def test_it_is_the_table_that_the_client_would_give(any_engine, rows):
    frame = any_engine.session.sql(EVERY_TYPE.format(rows=rows))
    ours, theirs = frame_to_arrow(frame), frame.toArrow()
    assert plain(ours.schema) == plain(theirs.schema)
    assert ours.sort_by("id").to_pylist() == theirs.sort_by("id").to_pylist()


def test_all_rows_of_all_partitions_come(any_engine):
    table = frame_to_arrow(any_engine.session.range(0, 100_000, 1, 7))
    assert sorted(table["id"].to_pylist()) == list(range(100_000))


def test_a_sorted_frame_stays_sorted(any_engine):
    numbers = any_engine.session.range(0, 100_000, 1, 4).selectExpr("id", "(id * 7919) % 100003 AS key")
    table = frame_to_arrow(numbers.orderBy("key").withColumnRenamed("key", "place"))
    places = table["place"].to_pylist()
    assert places == sorted(places)


def test_it_stops_at_the_memory_that_is_allowed(any_engine):
    with pytest.raises(TooLarge):
        frame_to_arrow(any_engine.session.range(1_000_000), most_bytes=100_000)
    assert frame_to_arrow(any_engine.session.range(10), most_bytes=100_000).num_rows == 10


def test_what_the_engine_raises_comes_through(session):
    with pytest.raises(Exception, match="Division by zero"):
        frame_to_arrow(session.range(3).selectExpr("1 / id"))


def test_it_gives_arrow_tables(session):
    assert isinstance(frame_to_arrow(session.range(1)), pa.Table)
