"""Spark on this machine: the same promises as the embedded engine."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as f

from headrace.core import EngineSettings
from headrace.engine import open_engine

pytestmark = pytest.mark.spark


def compute(frame):
    frame.write.mode("overwrite").format("noop").save()


def test_rows_are_counted_by_spark_itself(spark_engine):
    odd = spark_engine.counted(spark_engine.session.range(1000).where("id % 2 = 1"), "spark odd")
    few = spark_engine.counted(odd.where("id < 100"), "spark few")
    compute(few.where("id > 10"))
    spark_engine.settle()
    counts = spark_engine.counts()
    assert (counts["spark odd"], counts["spark few"]) == (500, 50)


def test_a_frame_that_spark_samples_before_it_sorts_is_not_counted_double(spark_engine):
    frame = spark_engine.counted(spark_engine.session.range(1000), "ranged")
    compute(frame.repartitionByRange(3, "id"))
    spark_engine.settle()
    assert spark_engine.counts()["ranged"] == 1000


def test_a_frame_that_a_limit_reads_in_part_is_not_counted_on_spark(spark_engine):
    frame = spark_engine.counted(spark_engine.session.range(1000, numPartitions=4), "cut")
    frame.head(3)
    spark_engine.settle()
    assert spark_engine.counts()["cut"] is None
    compute(frame)
    spark_engine.settle()
    assert spark_engine.counts()["cut"] == 1000


def test_a_frame_with_no_rows_counts_zero_on_spark(spark_engine):
    compute(spark_engine.counted(spark_engine.session.range(10).where("id + 1 < 0"), "empty"))
    spark_engine.settle()
    assert spark_engine.counts()["empty"] == 0


def test_a_kept_frame_is_computed_once_on_spark(spark_engine, tmp_path):
    calls = tmp_path / "calls"

    def noting(batches):
        for batch in batches:
            with calls.open("a") as file:
                print(batch.num_rows, file=file)
            yield batch

    frame = spark_engine.session.range(0, 100, 1, 2).mapInArrow(noting, "id long")
    kept, count = spark_engine.spill(frame, tmp_path / "kept")
    assert (count, kept.count(), kept.where("id < 10").count()) == (100, 100, 10)
    assert sum(map(int, calls.read_text().split())) == 100
    spark_engine.release()


def test_workers_run_the_same_python(spark_engine):
    import sys

    which = f.udf(lambda _: __import__("sys").executable, "string")
    assert spark_engine.session.range(1).select(which("id")).head()[0] == sys.executable


def test_the_settings_that_results_depend_on_are_set(spark_engine):
    conf = spark_engine.session.conf
    assert conf.get("spark.sql.session.timeZone") == "UTC"
    assert conf.get("spark.sql.ansi.enabled") == "true"
    assert conf.get("spark.driver.bindAddress") == "127.0.0.1"
    assert conf.get("spark.ui.enabled") == "false"


def test_a_second_engine_shares_the_jvm_and_not_the_views(spark_engine, tmp_path):
    spark_engine.session.range(1).createOrReplaceTempView("mine")
    with open_engine("spark", EngineSettings(), scratch=tmp_path) as other:
        assert not other.session.catalog.tableExists("mine")
        assert other.session.range(3).count() == 3
    assert spark_engine.session.table("mine").count() == 1
    spark_engine.session.catalog.dropTempView("mine")


def test_a_session_writes_to_its_own_python_sources_before_it_has_made_any_frame(spark_engine, tmp_path):
    from pyspark.sql.datasource import DataSource, DataSourceWriter, WriterCommitMessage

    class Marks(DataSource):
        @classmethod
        def name(cls):
            return "marks_of_one_session"

        def writer(self, schema, overwrite):
            class Writer(DataSourceWriter):
                def write(self, rows):
                    with open(f"{tmp_path}/mark", "w") as file:  # noqa: PTH123  # runs in a worker
                        file.write(str(sum(row.id for row in rows)))
                    return WriterCommitMessage()

            return Writer()

    _ = spark_engine.session
    with open_engine("spark", EngineSettings(), scratch=tmp_path) as other:
        session = other.session
        session.dataSource.register(Marks)
        session.range(0, 4, 1, 1).write.format("marks_of_one_session").mode("append").save()
    assert (tmp_path / "mark").read_text() == "6"
