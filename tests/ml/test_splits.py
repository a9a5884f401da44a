from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from headrace.core import DataRefused
from headrace.ml.learning.splits import SplitPlan, split

ROWS = 2000
SOURCE = np.random.default_rng(1)
TABLE = pa.table(
    {
        "x": SOURCE.normal(size=ROWS),
        "key": SOURCE.integers(0, 100, ROWS),
        "day": [dt.date(2024, 1, 1) + dt.timedelta(days=int(n)) for n in SOURCE.integers(0, 365, ROWS)],
    }
)


def test_parts_do_not_depend_on_the_order_of_rows_or_columns() -> None:
    shuffled = TABLE.take(SOURCE.permutation(ROWS)).select(["day", "x", "key"])
    one, other = split(TABLE, SplitPlan(folds=3)), split(shuffled, SplitPlan(folds=3))
    assert one.train.equals(other.train.select(TABLE.schema.names))
    assert one.holdout.equals(other.holdout.select(TABLE.schema.names))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one.folds, other.folds, strict=True))


def test_a_row_stays_on_its_side_when_others_come_or_go() -> None:
    whole = split(TABLE, SplitPlan()).holdout["x"].to_pylist()
    half = split(TABLE.slice(0, ROWS // 2), SplitPlan()).holdout["x"].to_pylist()
    first = set(TABLE["x"].slice(0, ROWS // 2).to_pylist())
    assert set(half) == set(whole) & first


def test_integers_of_another_width_fall_on_the_same_side() -> None:
    narrow = TABLE.set_column(1, "key", TABLE["key"].cast(pa.int32()))
    assert split(TABLE, SplitPlan()).holdout["x"].equals(split(narrow, SplitPlan()).holdout["x"])


def test_the_holdout_has_about_its_share_and_another_seed_other_rows() -> None:
    one, other = split(TABLE, SplitPlan(0.3)), split(TABLE, SplitPlan(0.3, seed=7))
    assert one.holdout.num_rows == pytest.approx(0.3 * ROWS, rel=0.1)
    assert set(one.holdout["x"].to_pylist()) != set(other.holdout["x"].to_pylist())


def test_folds_share_the_training_rows_among_them() -> None:
    parts = split(TABLE, SplitPlan(folds=4))
    checked = np.concatenate([check for _, check in parts.folds])
    assert sorted(checked) == list(range(parts.train.num_rows))
    assert all(len(check) == pytest.approx(parts.train.num_rows / 4, rel=0.2) for _, check in parts.folds)
    assert all(not set(fit) & set(check) for fit, check in parts.folds)


def test_rows_of_one_key_stay_together() -> None:
    parts = split(TABLE, SplitPlan(by=("key",), folds=3))
    assert not set(parts.train["key"].to_pylist()) & set(parts.holdout["key"].to_pylist())
    keys = parts.train["key"].to_numpy()
    assert all(not set(keys[fit]) & set(keys[check]) for fit, check in parts.folds)


def test_a_split_by_time_checks_on_what_comes_last_in_folds_too() -> None:
    parts = split(TABLE, SplitPlan(0.25, time_column="day", folds=3))
    assert max(parts.train["day"].to_pylist()) < min(parts.holdout["day"].to_pylist())
    assert parts.holdout.num_rows == pytest.approx(0.25 * ROWS, rel=0.1)
    days = np.array(parts.train["day"].to_pylist())
    assert all(days[fit].max() < days[check].min() for fit, check in parts.folds)


def test_the_last_moment_of_training_can_be_said() -> None:
    parts = split(TABLE, SplitPlan(time_column="day", after="2024-06-30"))
    assert max(parts.train["day"].to_pylist()) == dt.date(2024, 6, 30)
    assert min(parts.holdout["day"].to_pylist()) == dt.date(2024, 7, 1)


def test_a_year_is_a_moment_among_days_and_a_number_among_numbers() -> None:
    by_day = split(TABLE, SplitPlan(time_column="day", after="2024-03"))
    assert max(by_day.train["day"].to_pylist()) == dt.date(2024, 3, 1)
    years = TABLE.append_column("year", pa.array([2010 + number % 10 for number in range(ROWS)]))
    for after in (2015, "2015"):
        assert max(split(years, SplitPlan(time_column="year", after=after)).train["year"].to_pylist()) == 2015
    with pytest.raises(DataRefused, match="is not a number"):
        split(years, SplitPlan(time_column="year", after="2015-01-01"))


def test_a_holdout_from_elsewhere_leaves_all_rows_for_training() -> None:
    parts = split(TABLE.slice(0, 1500), SplitPlan(), TABLE.slice(1500))
    assert (parts.train.num_rows, parts.holdout.num_rows) == (1500, 500)
    with pytest.raises(DataRefused, match="no column 'day'"):
        split(TABLE, SplitPlan(), TABLE.drop_columns(["day"]))


@pytest.mark.parametrize(
    ("table", "plan", "code"),
    [
        (TABLE.slice(0, 1), SplitPlan(), "empty-split"),
        (TABLE.slice(0, 12), SplitPlan(folds=100), "empty-fold"),
        (TABLE, SplitPlan(time_column="day", after="2030-01-01"), "empty-split"),
        (TABLE, SplitPlan(time_column="day", after="soon"), "invalid-value"),
        (TABLE.slice(0, 12), SplitPlan(time_column="day", folds=20), "empty-fold"),
        (pa.table({"t": [1.0, None, 3.0]}), SplitPlan(time_column="t"), "time-missing"),
        (pa.table({"t": [1.0, np.nan, 3.0]}), SplitPlan(time_column="t"), "time-missing"),
        (pa.table({"t": ["a", "b"]}), SplitPlan(time_column="t"), "time-not-ordered"),
    ],
)
def test_a_split_that_leaves_nothing_is_refused(table: pa.Table, plan: SplitPlan, code: str) -> None:
    with pytest.raises(DataRefused) as caught:
        split(table, plan)
    assert caught.value.code == code
