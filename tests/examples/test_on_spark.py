"""Spark gives what the embedded engine gives, and a script written for Spark gives what it always gave."""

from __future__ import annotations

import csv
from collections.abc import Callable

import mlflow
import pyarrow.parquet as pq
import pytest

from headrace import RunResult

from .conftest import Ran

Run = Callable[..., Ran]
pytestmark = pytest.mark.spark
# MLflow asks SQLAlchemy 2.1 for something that it calls deprecated.
QUIET = "ignore:The ``noload`` loader strategy is deprecated"


def numbers(metrics: dict[str, object]) -> dict[str, float]:
    """Without durations, which no two runs share."""
    return {
        name: value
        for name, value in metrics.items()
        if isinstance(value, int | float) and "seconds" not in name
    }


def same_to_six_digits(first: dict[str, float], second: dict[str, float]) -> bool:
    return {k: f"{v:.6g}" for k, v in first.items()} == {k: f"{v:.6g}" for k, v in second.items()}


def rows(result: RunResult) -> dict[str, tuple[int | None, int | None]]:
    return {stage.name: (stage.rows_in, stage.rows_out) for stage in result.stages}


def test_houses_get_the_same_model_and_the_same_decision_on_both_engines(ran: Run) -> None:
    embedded, spark = ran("housing").results["train"], ran("housing", "spark").results["train"]
    assert (embedded.engine, spark.engine) == ("embedded", "spark")
    first, second = (numbers(dict(each.models[0].metrics)) for each in (embedded, spark))
    assert {"r2", "rmse", "cv.r2"} <= set(first)
    assert same_to_six_digits(first, second)
    (left,), (right,) = embedded.promotions, spark.promotions
    assert (left.decision, left.reason) == (right.decision, right.reason)
    assert rows(embedded) == rows(spark)


def test_what_the_model_was_trained_on_is_archived_alike(ran: Run) -> None:
    tables = []
    for here in (ran("housing"), ran("housing", "spark")):
        table = pq.read_table(here.folder / "archive" / "housing" / f"run={here.results['train'].run_id}")
        tables.append(table.sort_by([(name, "ascending") for name in table.column_names]))
    assert tables[0].schema.types == tables[1].schema.types
    assert tables[0].equals(tables[1].cast(tables[0].schema))


def test_new_houses_get_the_same_price_on_both_engines(ran: Run) -> None:
    found = []
    for here in (ran("housing"), ran("housing", "spark")):
        (path,) = (here.folder / "output" / "estimates").glob("part-*.csv")
        with path.open(newline="") as lines:
            read = {row["listing"]: float(row["estimated_price"]) for row in csv.DictReader(lines)}
        found.append(read)
    assert len(found[0]) == 40
    assert found[0] == pytest.approx(found[1], rel=1e-9)


@pytest.mark.filterwarnings(QUIET)
def test_the_classic_script_gives_its_classic_numbers(ran: Run) -> None:
    here = ran("boston")
    assert here.results["classic"].engine == "spark"
    (path,) = (here.folder / "output" / "script").glob("part-*.csv")
    with path.open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert float(row["r2"]) == pytest.approx(0.9150, abs=5e-5)
    assert float(row["rmse"]) == pytest.approx(2.9941, abs=5e-5)
    client = mlflow.MlflowClient(f"sqlite:///{here.folder / '.headrace' / 'mlflow.db'}")
    logged = client.get_run(row["mlflow_run"])
    assert logged.data.params == {"max_iter": "5", "folds": "3"}
    assert logged.data.metrics["r2"] == float(row["r2"])
    assert not (here.folder / "mlruns").exists()


def test_our_own_training_stands_beside_it(ran: Run) -> None:
    (model,) = ran("boston").results["classic"].models
    assert (model.name, model.version) == ("boston", 1)
    assert model.metrics["r2"] == pytest.approx(0.8812, abs=5e-5)
    assert model.metrics["rmse"] == pytest.approx(2.7766, abs=1e-3)
