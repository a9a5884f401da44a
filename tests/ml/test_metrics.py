from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from headrace.ml.learning.metrics import CLASSIFICATION, HIGHER_IS_BETTER, REGRESSION, score

SOURCE = np.random.default_rng(0)


def test_regression_metrics_are_scikit_learns() -> None:
    truth = SOURCE.normal(10, 3, 200)
    said = truth + SOURCE.normal(0, 1, 200)
    found = score("regression", truth, said)
    assert found["r2"] == pytest.approx(reference.r2_score(truth, said))
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, said))
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(truth, said))
    assert found["mape"] == pytest.approx(reference.mean_absolute_percentage_error(truth, said))


def test_a_constant_truth_has_no_r2_and_zeros_no_percentage() -> None:
    found = score("regression", np.zeros(5), np.ones(5))
    assert math.isnan(found["r2"])
    assert math.isnan(found["mape"])
    assert found["rmse"] == 1


@pytest.mark.parametrize("labels", [("no", "yes"), (False, True), (0, 1)])
def test_binary_metrics_are_scikit_learns_whatever_the_labels(labels: tuple[object, object]) -> None:
    positive = SOURCE.random(300)
    number = (SOURCE.random(300) < positive).astype(int)
    truth = np.array(labels)[number]
    said = np.array(labels)[(positive > 0.5).astype(int)]
    found = score("binary", truth, said, np.column_stack([1 - positive, positive]), labels)
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(number, positive))
    assert found["pr_auc"] == pytest.approx(reference.average_precision_score(number, positive))
    assert found["log_loss"] == pytest.approx(reference.log_loss(number, positive))
    assert found["f1"] == pytest.approx(reference.f1_score(number, positive > 0.5))
    assert found["accuracy"] == pytest.approx(np.mean((positive > 0.5) == number))


def test_multiclass_metrics_are_means_over_the_classes() -> None:
    spread = SOURCE.dirichlet([1, 1, 1], 300)
    number = np.array([SOURCE.choice(3, p=each) for each in spread])
    names = np.array(["a", "b", "c"])
    said = names[spread.argmax(axis=1)]
    found = score("multiclass", names[number], said, spread, list(names))
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(number, spread, multi_class="ovr"))
    assert found["f1"] == pytest.approx(reference.f1_score(names[number], said, average="macro"))
    assert found["log_loss"] == pytest.approx(reference.log_loss(number, spread))


def test_without_probabilities_or_with_one_class_areas_have_no_value() -> None:
    alone = score("binary", np.array(["a", "a"]), np.array(["a", "b"]), np.full((2, 2), 0.5), ["a", "b"])
    assert math.isnan(alone["roc_auc"])
    silent = score("binary", np.array(["a", "b"]), np.array(["a", "b"]))
    assert math.isnan(silent["log_loss"])
    assert silent["accuracy"] == 1


def test_every_metric_has_a_direction() -> None:
    assert set(HIGHER_IS_BETTER) == {*REGRESSION, *CLASSIFICATION}
    assert [name for name, up in HIGHER_IS_BETTER.items() if not up] == ["rmse", "mae", "mape", "log_loss"]
