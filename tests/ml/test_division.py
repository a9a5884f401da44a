"""Rows that stay on Spark are divided as they would be in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import reduce
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as f

from headrace.core import DataRefused, Frame
from headrace.engine import Engine
from headrace.frames.arrow import frame_to_arrow
from headrace.ml.learning.splits import Parts, SplitPlan, split
from headrace.ml.spark.division import ORDER, Division, divide, train_hashes, with_keys

pytestmark = pytest.mark.spark
ROWS = 300
DAYS = [int(day) for day in np.random.default_rng(3).integers(0, 200, ROWS)]
START = dt.datetime(1969, 11, 5, 22, 30)
TABLE = pa.table(
    {
        "id": range(ROWS),
        "key": [day % 40 for day in DAYS],
        "day": [(START + dt.timedelta(days=day)).date() for day in DAYS],
        "at": pa.array([START + dt.timedelta(hours=day) for day in DAYS], pa.timestamp("us")),
        "instant": pa.array([START + dt.timedelta(hours=day) for day in DAYS], pa.timestamp("us", "UTC")),
        "year": pa.array([2000 + day // 10 for day in DAYS], pa.int32()),
        "score": [day / 3 for day in DAYS],
        "short": pa.array([day / 3 for day in DAYS], pa.float32()),
    }
)
PLANS = [
    SplitPlan(folds=3),
    SplitPlan(0.3, by=("key",), folds=2),
    *(SplitPlan(0.25, time_column=name, folds=3) for name in TABLE.schema.names[2:]),
    SplitPlan(time_column="day", after="1970-01-01", folds=2),
    SplitPlan(time_column="at", after="1969-11-08T12:00:00"),
    SplitPlan(time_column="year", after=2012),
    SplitPlan(time_column="score", after=33.3),
]


@pytest.fixture
def rows(spark_engine: Engine, tmp_path: Path) -> Frame:
    pq.write_table(TABLE, tmp_path / "rows.parquet")
    return spark_engine.session.read.parquet(str(tmp_path / "rows.parquet"))


def ids_of(parts: Sequence[Frame]) -> list[list[int]]:
    """The rows of each part, asked for at once."""
    numbered = (rows.select(f.lit(number).alias("part"), "id") for number, rows in enumerate(parts))
    found = frame_to_arrow(reduce(lambda one, other: one.union(other), numbered)).to_pylist()
    return [sorted(row["id"] for row in found if row["part"] == number) for number in range(len(parts))]


def told(division: Division) -> list[list[int]]:
    return ids_of([division.train, division.holdout, *chain(*division.folds)])


def expected(parts: Parts) -> list[list[int]]:
    train, holdout = parts.train["id"].to_numpy(), parts.holdout["id"].to_pylist()
    folds = [train[positions].tolist() for positions in chain(*parts.folds)]
    return [sorted(ids) for ids in (train.tolist(), holdout, *folds)]


def test_the_same_rows_are_trained_on_checked_and_kept_back(rows: Frame) -> None:
    for plan in PLANS:
        here, there = split(TABLE, plan), divide(with_keys(rows, plan).persist(), plan, TABLE, None)
        assert told(there) == expected(here), plan
        assert (there.cut, there.holdout.columns) == (here.cut, TABLE.schema.names)


def test_training_rows_come_with_the_hashes_that_order_them(rows: Frame) -> None:
    plan = SplitPlan()
    here, there = split(TABLE, plan), divide(with_keys(rows, plan), plan, TABLE, None)
    ordered = frame_to_arrow(there.train.select("id", ORDER).orderBy(ORDER))
    assert ordered["id"].to_pylist() == here.train["id"].to_pylist()
    assert train_hashes(there, plan, ROWS).tolist() == here.train_hashes.tolist()


def test_with_a_holdout_from_elsewhere_all_rows_are_trained_on_and_folds_go_forward(rows: Frame) -> None:
    plan = SplitPlan(time_column="day", folds=2)
    there = divide(with_keys(rows, plan).persist(), plan, TABLE, rows)
    assert told(there) == expected(split(TABLE, plan, TABLE))
    assert (len(told(there)[0]), there.cut) == (ROWS, None)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (SplitPlan(time_column="day", after="2030-01-01"), "empty-split"),
        (SplitPlan(time_column="year", folds=50), "empty-fold"),
        (SplitPlan(time_column="day", after="soon"), "invalid-value"),
        (SplitPlan(0.999999), "empty-split"),
        (SplitPlan(folds=ROWS), "empty-fold"),
        (SplitPlan(by=("key",), folds=40), "empty-fold"),
    ],
)
def test_what_leaves_nothing_is_refused_before_a_model_is_fitted(
    rows: Frame, plan: SplitPlan, code: str
) -> None:
    with pytest.raises(DataRefused) as caught:
        train_hashes(divide(with_keys(rows, plan), plan, TABLE, None), plan, ROWS)
    assert caught.value.code == code
