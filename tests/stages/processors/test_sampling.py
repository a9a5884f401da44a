"""Samples and splits: the same rows whatever the order, the partitions and the engine."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from headrace.core import find_stage
from headrace.frames.row_hash import hash_threshold, row_hashes
from headrace.frames.sampling import split

ROWS = pa.table(
    {"id": list(range(2000)), "label": ["rare" if n % 50 == 0 else "common" for n in range(2000)]}
).append_column("customer", pa.array([n // 4 for n in range(2000)]))


def taken(rows: list[dict[str, Any]]) -> set[int]:
    return {row["id"] for row in rows}


def test_parts_are_disjoint_whole_and_about_as_large_as_asked(apply: Any) -> None:
    parts = apply("split_rows", {"fractions": {"train": 0.7, "valid": 0.2, "test": 0.1}}, ROWS)
    sizes = [len(rows) for rows in parts.values()]
    assert sum(sizes) == 2000
    assert len(set().union(*map(taken, parts.values()))) == 2000
    assert [round(size / 2000, 1) for size in sizes] == [0.7, 0.2, 0.1]


def test_order_partitions_and_names_of_parts_make_no_difference(apply: Any, frame: Any) -> None:
    config = {"fractions": {"a": 0.3, "b": 0.7}, "seed": 5}
    whole = apply("split_rows", config, ROWS)
    turned = split(
        frame(ROWS).orderBy("customer").repartition(7).select("label", "customer", "id"), {"x": 0.3}, 5
    )
    assert taken(turned["x"].toArrow().to_pylist()) == taken(whole["a"])
    assert taken(apply("split_rows", {**config, "seed": 6}, ROWS)["a"]) != taken(whole["a"])


def test_python_deals_the_same_rows_out_as_the_engine(apply: Any) -> None:
    hashes = row_hashes(ROWS, ["id"], 42) >> 1
    python = {int(n) for n, each in enumerate(hashes.tolist()) if each < hash_threshold(0.25)}
    assert taken(apply("split_rows", {"fractions": {"a": 0.25}, "keys": ["id"]}, ROWS)["a"]) == python


def test_rows_of_one_key_stay_together(apply: Any) -> None:
    parts = apply("split_rows", {"fractions": {"a": 0.5, "b": 0.5}, "keys": ["customer"]}, ROWS)
    assert not {r["customer"] for r in parts["a"]} & {r["customer"] for r in parts["b"]}


def test_strata_are_cut_in_the_same_proportion(apply: Any) -> None:
    parts = apply("split_rows", {"fractions": {"a": 0.75, "b": 0.25}, "stratify": ["label"]}, ROWS)
    counts = {name: Counter(row["label"] for row in rows) for name, rows in parts.items()}
    assert counts == {"a": {"rare": 30, "common": 1470}, "b": {"rare": 10, "common": 490}}


def test_fractions_below_one_leave_the_rest_out(apply: Any) -> None:
    parts = apply("split_rows", {"fractions": {"a": 0.1, "b": 0.1}}, ROWS)
    assert 300 < sum(len(rows) for rows in parts.values()) < 500


@pytest.mark.parametrize(
    "fractions", [{"a": 0.7, "b": 0.7}, {"a": 0.0}, {"a.b": 1.0}, {"errors": 1.0}, {"a": -0.1, "b": 1.0}]
)
def test_fractions_and_names_that_make_no_parts_are_refused(fractions: Any) -> None:
    with pytest.raises(ValidationError):
        find_stage("processor.split_rows").stage(fractions=fractions)


def test_three_tenths_and_seven_tenths_make_one_in_spite_of_floats() -> None:
    stage = find_stage("processor.split_rows").stage(fractions={str(n): 0.1 for n in range(10)})
    assert stage.lanes() == tuple("0123456789")


def test_a_sample_follows_its_seed_and_without_one_its_run(apply: Any) -> None:
    seeded = apply("sample", {"fraction": 0.1, "seed": 1}, ROWS)
    assert taken(apply("sample", {"fraction": 0.1, "seed": 1}, ROWS, id="other")) == taken(seeded)
    one = apply("sample", {"fraction": 0.1}, ROWS, id="20260101-000000-aaaa")
    assert taken(apply("sample", {"fraction": 0.1}, ROWS, id="20260101-000000-aaaa")) == taken(one)
    assert taken(apply("sample", {"fraction": 0.1}, ROWS, id="20260101-000000-bbbb")) != taken(one)


def test_a_number_of_rows_is_exact_in_all_and_per_stratum(apply: Any) -> None:
    assert len(apply("sample", {"rows": 137, "seed": 1}, ROWS)) == 137
    assert len(apply("sample", {"rows": 99_999, "seed": 1}, ROWS)) == 2000
    each = apply("sample", {"rows": 15, "seed": 1, "stratify": ["label"], "keys": ["customer"]}, ROWS)
    assert Counter(row["label"] for row in each) == {"rare": 15, "common": 15}


def test_each_value_may_have_its_own_fraction(apply: Any) -> None:
    config = {"fractions": {"rare": 1.0, "common": 0.05}, "stratify": ["label"], "seed": 1}
    counts = Counter(row["label"] for row in apply("sample", config, ROWS))
    assert counts["rare"] == 40
    assert 60 < counts["common"] < 140


@pytest.mark.parametrize(
    "config",
    [{}, {"fraction": 0.1, "rows": 5}, {"fractions": {"a": 0.1}}, {"fractions": {"a": 2}, "stratify": ["l"]}],
)
def test_a_sample_has_one_size(config: Any) -> None:
    with pytest.raises(ValidationError):
        find_stage("processor.sample").stage(**config)
