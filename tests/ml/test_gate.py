from __future__ import annotations

import math

import pytest

from headrace.core import Issue
from headrace.ml.gates.gate import Gate, Overlap, gate_issues

COLUMNS = ("r2", "rmse", "cv_r2", "cv_r2_std", "train_rows", "holdout_rows")


def issues(gate: Gate, columns: tuple[str, ...] = COLUMNS) -> list[Issue]:
    return list(gate_issues(gate, columns))


def test_only_true_promotes() -> None:
    gate = Gate("r2 >= 0.85")
    assert gate.decide({"r2": 0.9}, None).promote
    assert not gate.decide({"r2": 0.8}, None).promote
    assert not gate.decide({"r2": math.nan}, None).promote
    assert not gate.decide({}, None).promote


def test_nan_keeps_even_behind_a_not() -> None:
    verdict = Gate("not (rmse > 3)").decide({"rmse": math.nan}, None)
    assert not verdict.promote
    assert (
        verdict.reason
        == "Kept: whether the condition holds is unknown: rmse > 3 is unknown (rmse = unknown)."
    )


def test_the_reason_gives_the_numbers() -> None:
    verdict = Gate("rmse <= production.rmse").decide({"rmse": 3.0}, {"rmse": 2.5})
    assert verdict.reason == (
        "Kept: the condition does not hold: "
        "rmse <= production.rmse is false (rmse = 3, production.rmse = 2.5)."
    )
    assert verdict.inputs == {"rmse": 3.0, "production.rmse": 2.5}


@pytest.mark.parametrize(("first", "promoted"), [("promote", True), ("keep", False)])
def test_while_nothing_is_in_production_comparisons_with_it_count_as_the_gate_says(
    first: str, promoted: bool
) -> None:
    gate = Gate("r2 > 0.5 and rmse <= production.rmse", first=first)  # type: ignore[arg-type]
    verdict = gate.decide({"r2": 0.9, "rmse": 3.0}, None)
    assert verdict.promote is promoted
    assert "(no production version yet)" in verdict.reason


def test_first_does_not_save_a_candidate_that_fails_on_its_own() -> None:
    assert not Gate("r2 > 0.5 and rmse <= production.rmse").decide({"r2": 0.1, "rmse": 3.0}, None).promote


@pytest.mark.parametrize(
    ("asked", "mine", "theirs", "promoted"),
    [
        ({"r2": 0.01}, {"r2": 0.92}, {"r2": 0.9}, True),
        ({"r2": 0.05}, {"r2": 0.92}, {"r2": 0.9}, False),
        ({"rmse": "2%"}, {"rmse": 97.0}, {"rmse": 100.0}, True),
        ({"rmse": "2%"}, {"rmse": 99.0}, {"rmse": 100.0}, False),
        ({"rmse": 0}, {"rmse": 100.0}, {"rmse": 100.0}, True),
        ({"rmse": "2%"}, {"rmse": 97.0}, {}, False),
    ],
)
def test_an_improvement_goes_the_way_the_metric_gets_better(
    asked: dict[str, float | str], mine: dict[str, float], theirs: dict[str, float], promoted: bool
) -> None:
    assert Gate(min_improvement=asked).decide(mine, theirs).promote is promoted


def test_rows_that_production_has_seen_are_told_and_a_strict_gate_keeps() -> None:
    seen = Overlap(12, 100)
    loose = Gate("r2 > production.r2").decide({"r2": 0.9}, {"r2": 0.8}, seen)
    assert loose.promote
    assert "trained on 12 of the 100 holdout rows" in loose.reason
    strict = Gate("r2 > production.r2", strict_holdout=True)
    assert not strict.decide({"r2": 0.9}, {"r2": 0.8}, seen).promote
    assert not strict.decide(
        {"r2": 0.9}, {"r2": 0.8}, Overlap(None, 100, "its split is not on record")
    ).promote
    assert strict.decide({"r2": 0.9}, {"r2": 0.8}, Overlap(0, 100)).promote


def test_a_metric_that_the_training_never_gives_is_found_before_the_run() -> None:
    (found,) = issues(Gate("r3 > 1"))
    assert (found.code, found.field) == ("unknown-metric", "when")
    assert found.hint is not None
    assert [each.code for each in issues(Gate("production.train.rows > 1"))] == ["unknown-metric"]
    assert not issues(Gate("cv.r2 > 0.5 and cv.r2_std < 1 and train.rows > 10 and production.rmse > rmse"))


def test_folds_that_are_not_there_are_hinted_at() -> None:
    (found,) = issues(Gate("cv.r2 > 0.5"), ("r2",))
    assert found.hint == "The training has no folds: set its 'cv_folds'."


def test_an_improvement_has_to_be_an_amount_of_a_known_metric() -> None:
    assert [each.code for each in issues(Gate(min_improvement={"r9": 1}))] == ["unknown-metric"]
    assert [each.code for each in issues(Gate(min_improvement={"r2": "much"}))] == ["invalid-value"]
