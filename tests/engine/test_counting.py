"""Rows are counted exactly, without computing anything twice, or not at all."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as f

from headrace.core import EngineSettings
from headrace.engine import open_engine


@pytest.fixture
def own(engine, tmp_path):
    """A session of the test's own: labels start fresh."""
    with open_engine("embedded", EngineSettings(), scratch=tmp_path) as opened:
        _ = opened.session
        yield opened
    _ = engine.session


def rows(engine, rows=1000, partitions=3):
    return engine.session.range(0, rows, 1, partitions)


def compute(frame, tmp_path):
    frame.write.mode("overwrite").parquet(str(tmp_path / "out"))


def test_each_filter_has_its_own_count_though_the_optimizer_would_merge_them(own, tmp_path):
    odd = own.counted(rows(own).where("id % 2 = 1"), "odd")
    few = own.counted(odd.where("id < 100"), "few")
    compute(few.where("id > 10"), tmp_path)
    own.settle()
    assert own.counts() == {"odd": 500, "few": 50}


def test_a_filter_after_a_join_does_not_change_the_joins_count(own, tmp_path):
    joined = own.counted(rows(own).join(rows(own, 10), "id"), "joined")
    compute(joined.where("id = 3"), tmp_path)
    own.settle()
    assert own.counts() == {"joined": 10}


def test_a_frame_used_twice_in_one_action_is_counted_once(own, tmp_path):
    frame = own.counted(rows(own).where("id >= 100"), "kept")
    compute(frame.union(frame), tmp_path)
    own.settle()
    assert own.counts() == {"kept": 900}


def test_a_frame_computed_by_two_actions_is_counted_once(own, tmp_path):
    frame = own.counted(rows(own).where("id >= 100"), "kept")
    compute(frame, tmp_path / "a")
    compute(frame.where("id < 500"), tmp_path / "b")
    own.settle()
    assert own.counts() == {"kept": 900}


def test_a_frame_with_no_rows_counts_zero(own, tmp_path):
    none = own.counted(rows(own).where("id + 1 < 0"), "none")
    compute(none.where("id > 1"), tmp_path)
    own.settle()
    assert own.counts() == {"none": 0}


def test_a_frame_that_a_limit_reads_in_part_is_not_counted(own):
    frame = own.counted(rows(own), "all")
    frame.limit(5).collect()
    own.settle()
    assert own.counts() == {"all": None}


def test_a_limit_does_not_spoil_what_another_action_reads_whole(own, tmp_path):
    frame = own.counted(rows(own).where("id < 700"), "all")
    compute(frame, tmp_path)
    frame.head(1)
    own.settle()
    assert own.counts() == {"all": 700}


def test_below_an_aggregation_everything_is_read_whatever_the_limit_above(own):
    frame = own.counted(rows(own).where("id < 700"), "all")
    frame.groupBy(f.col("id") % 7).count().limit(1).collect()
    own.settle()
    assert own.counts() == {"all": 700}


def test_sql_with_a_limit_is_not_counted(own):
    frame = own.counted(rows(own), "all")
    own.session.sql("SELECT * FROM {frame} LIMIT 5", frame=frame).collect()
    own.settle()
    assert own.counts() == {"all": None}


def test_a_view_read_twice_in_one_query_is_not_counted_rather_than_counted_double(own, tmp_path):
    own.counted(rows(own), "all").createOrReplaceTempView("numbers")
    compute(own.session.sql("SELECT a.id FROM numbers a JOIN numbers b ON a.id = b.id + 1"), tmp_path)
    own.settle()
    assert own.counts()["all"] is None


def test_a_side_that_an_empty_join_never_reads_is_not_counted_as_empty(own, tmp_path):
    frame = own.counted(rows(own).where("id < 700"), "all")
    nothing = rows(own).where("id + 1 < 0")
    compute(nothing.join(frame, "id"), tmp_path)
    own.settle()
    assert own.counts()["all"] in (None, 700)


def test_counting_changes_neither_columns_nor_rows(own):
    frame = own.session.sql("SELECT id, CAST(id AS STRING) AS name, array(id) AS list FROM range(10)")
    counted = own.counted(frame, "all")
    assert counted.schema == frame.schema
    assert sorted(counted.collect()) == sorted(frame.collect())


def test_rows_can_be_watched_while_they_pass(own, tmp_path):
    """The function runs in this process, but is pickled on its way: it finds the counts by their number."""
    seen, number = tmp_path / "seen", own._counts.tally.number

    def watch(batches):
        from headrace.engine.tally import _tallies

        for batch in batches:
            with seen.open("a") as file:
                print(_tallies()[number].rows("all"), file=file)
            yield batch

    own.counted(rows(own, 500_000, 1), "all").mapInArrow(watch, "id long").count()
    live = [int(line) for line in seen.read_text().splitlines()]
    assert 0 < min(live) < 500_000
    assert max(live) <= 500_000
    assert own.counts() == {"all": 500_000}


def test_a_spilled_frame_is_computed_once_and_its_rows_are_known(own, tmp_path):
    calls = tmp_path / "calls"

    def noting(batches):
        for batch in batches:
            with calls.open("a") as file:
                print(batch.num_rows, file=file)
            yield batch

    kept, count = own.spill(rows(own).mapInArrow(noting, "id long"), tmp_path / "kept")
    assert count == 1000
    assert (kept.count(), kept.where("id < 10").count()) == (1000, 10)
    assert sum(map(int, calls.read_text().split())) == 1000


def test_an_empty_frame_can_be_spilled(own, tmp_path):
    kept, count = own.spill(rows(own).where("id + 1 < 0"), tmp_path / "kept")
    assert (count, kept.columns, kept.count()) == (0, ["id"], 0)
