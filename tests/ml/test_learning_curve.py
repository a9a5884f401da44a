from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from headrace.ml.learning.algorithms import Learner
from headrace.ml.learning.dataset import features_of, target_values, to_pandas
from headrace.ml.learning.fitting import fit, predict
from headrace.ml.learning.learning_curve import POINTS, stages

from .conftest import house_rows

TABLE = pa.Table.from_pandas(house_rows(200), preserve_index=False)


@pytest.mark.parametrize("algorithm", ["gradient_boosted_trees", "random_forest"])
@pytest.mark.parametrize("library", ["scikit_learn", "xgboost", "lightgbm"])
@pytest.mark.parametrize(("target", "task"), [("price", "regression"), ("rooms", "multiclass")])
def test_a_learning_curve_ends_with_what_the_model_says(
    library: str, algorithm: str, target: str, task: str
) -> None:
    if library != "scikit_learn":
        pytest.importorskip(library)
    learner = Learner(algorithm, library, task, {"max_iter": 7})  # type: ignore[arg-type]
    features = features_of(TABLE, target, (), ())
    rows = to_pandas(TABLE, features)
    model = fit(learner, features, rows, target_values(TABLE, target, task), threads=1)  # type: ignore[arg-type]
    found = stages(model, rows, task)
    said = predict(model, rows, task)
    last = found[-1][1]
    assert np.allclose(last.values, said.values)
    assert last.classes == said.classes
    if (library, algorithm) == ("xgboost", "random_forest"):
        assert [count for count, _ in found] == [1], "its trees are grown in one round"
    else:
        assert [count for count, _ in found] == list(range(1, 8))
        assert not np.allclose(found[0][1].values, said.values)


def test_a_long_curve_has_points_evenly_apart() -> None:
    features = features_of(TABLE, "price", (), ())
    rows = to_pandas(TABLE, features)
    learner = Learner("gradient_boosted_trees", "scikit_learn", "regression", {"max_iter": 130})
    model = fit(learner, features, rows, target_values(TABLE, "price", "regression"), threads=1)
    counts = [count for count, _ in stages(model, rows, "regression")]
    assert len(counts) <= POINTS
    assert counts[-1] == 130
    assert set(np.diff(counts)) == {3}


def test_a_learner_without_rounds_has_no_curve() -> None:
    features = features_of(TABLE, "price", (), ())
    rows = to_pandas(TABLE, features)
    learner = Learner("linear", "scikit_learn", "regression")
    model = fit(learner, features, rows, target_values(TABLE, "price", "regression"), threads=1)
    assert stages(model, rows, "regression") == []
