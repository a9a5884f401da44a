"""Every pipeline of every example runs as it is, and gives what its README says."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import headrace
from headrace.app.examples import examples

from .conftest import EXAMPLES, Ran, pipelines_of

Run = Callable[..., Ran]
ON_SPARK = ("boston",)
BOTH = [
    pytest.param(example, pipeline, marks=[pytest.mark.spark] if example in ON_SPARK else [])
    for example in examples()
    for pipeline in pipelines_of(example)
]


def rows_of(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.glob("part-*.csv")
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(("example", "pipeline"), BOTH)
def test_it_runs_to_its_end(example: str, pipeline: str, ran: Run) -> None:
    result = ran(example).results[pipeline]
    engine = "spark" if example in ON_SPARK else "embedded"
    assert (result.state, result.engine, result.error, result.warnings) == ("finished", engine, None, ())
    assert all(stage.error_rows in (0, None) or stage.name == "typed" for stage in result.stages)


@pytest.mark.parametrize("example", examples())
def test_it_says_what_it_is_and_where_its_data_is_from(example: str) -> None:
    folder = EXAMPLES / example
    text = (folder / "README.md").read_text()
    assert f"--example {example}" in text
    for name in pipelines_of(example):
        assert f"pipelines/{name}.yaml" in text
    told = text + "".join(path.read_text() for path in folder.glob("data/README.md"))
    assert re.search(r"CC0|CC BY 4\.0|made up|public", told)


def test_houses_are_learned_well_enough_to_go_to_production(ran: Run) -> None:
    result = ran("housing").results["train"]
    (model,) = result.models
    (decision,) = result.promotions
    assert (model.name, model.version) == ("housing", 1)
    assert model.metrics["r2"] == pytest.approx(0.8809, abs=5e-4)
    assert model.metrics["rmse"] == pytest.approx(131_355, rel=5e-3)
    assert (decision.decision, decision.production) == ("promoted", 1)
    archived = pq.read_table(ran("housing").folder / "archive" / "housing" / f"run={result.run_id}")
    assert archived.num_rows == 21_613
    assert "_c0" not in archived.column_names


def test_new_houses_get_a_price_from_the_version_in_production(ran: Run) -> None:
    scored = rows_of(ran("housing").folder / "output" / "estimates")
    assert len(scored) == 40
    assert {row["model_version"] for row in scored} == {"1"}
    assert all(50_000 < float(row["estimated_price"]) < 5_000_000 for row in scored)
    assert "price" not in scored[0]


def test_the_same_pipeline_in_python_is_the_same_document(ran: Run) -> None:
    folder = ran("housing").folder
    code = "import json, train; p = train.build(); print(json.dumps([p.digest, p.to_yaml()]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    digest, text = json.loads(done.stdout)
    assert digest == headrace.load(folder / "pipelines" / "train.yaml").digest
    assert "ml.train_model" in text


def test_tumors_are_told_apart_and_the_gate_looks_at_three_numbers(ran: Run) -> None:
    result = ran("breast-cancer").results["train"]
    (model,) = result.models
    (decision,) = result.promotions
    assert model.metrics["accuracy"] == pytest.approx(0.9647, abs=1e-4)
    assert model.metrics["f1"] == pytest.approx(0.9524, abs=1e-4)
    assert model.metrics["log_loss"] == pytest.approx(0.0844, abs=2e-3)
    assert decision.decision == "promoted"
    assert set(decision.inputs) >= {"accuracy", "f1", "log_loss"}


def test_both_parts_of_the_tumors_have_the_same_share_of_malignant_ones(ran: Run) -> None:
    pipeline = headrace.load(ran("breast-cancer").folder / "pipelines" / "train.yaml")
    shares = []
    for part in ("train", "test"):
        rows = pipeline.frame(f"split.{part}").column("diagnosis").to_pylist()
        shares.append(rows.count("malignant") / len(rows))
    assert shares == pytest.approx([212 / 569, 212 / 569], abs=0.01)


def test_the_mistakes_to_look_at_are_those_of_the_holdout(ran: Run) -> None:
    here = ran("breast-cancer")
    (model,) = here.results["train"].models
    mistakes = rows_of(here.folder / "output" / "mistakes")
    assert mistakes
    assert all(row["prediction"] != row["diagnosis"] for row in mistakes)
    stages = {stage.name: stage for stage in here.results["train"].stages}
    assert model.metrics["accuracy"] == pytest.approx(1 - len(mistakes) / (stages["mistakes"].rows_in or 0))


def test_a_better_calibrated_model_in_production_stays_there(ran: Run) -> None:
    pipeline = headrace.load(ran("breast-cancer").folder / "pipelines" / "train.yaml")
    result = pipeline.run(algorithm="gradient_boosted_trees", progress=False)
    (decision,) = result.promotions
    assert (decision.decision, decision.version, decision.production) == ("kept", 2, 1)
    assert decision.inputs["log_loss"] > decision.inputs["production.log_loss"]


def test_orders_that_cannot_be_read_come_out_with_the_reason(ran: Run) -> None:
    (path,) = (ran("orders").folder / "output" / "refused").glob("part-*.jsonl")
    refused = {row["order_id"]: row for row in map(json.loads, path.read_text().splitlines())}
    assert sorted(refused) == [57, 133, 260, 301, 388]
    assert refused[133]["_error_column"] == "ordered"
    assert refused[260]["_error_message"] == "Column 'amount' has '12,50', which is no decimal(10,2)."


def test_no_order_is_lost_between_the_outputs(ran: Run) -> None:
    here = ran("orders")
    rows = {output["stage"]: output["rows"] for output in here.results["revenue"].outputs}
    assert rows == {"write_orders": 365, "write_unknown": 3, "write_refused": 5, "write_revenue": 12}
    stages = {stage.name: stage for stage in here.results["revenue"].stages}
    assert (stages["typed"].rows_in, stages["typed"].error_rows, stages["paid"].rows_out) == (420, 5, 368)
    unknown = rows_of(here.folder / "output" / "unknown-customers")
    assert all(int(row["customer_id"]) >= 900 for row in unknown)


def test_revenue_is_the_sum_of_the_orders_in_the_same_partitions(ran: Run) -> None:
    output = ran("orders").folder / "output"
    orders, revenue = (pq.read_table(output / name).to_pylist() for name in ("orders", "revenue"))
    assert sorted(path.name for path in (output / "orders").glob("month=*")) == [
        "month=2026-01",
        "month=2026-02",
        "month=2026-03",
    ]
    for group in revenue:
        same = [o for o in orders if (o["month"], o["country"]) == (group["month"], group["country"])]
        assert group["orders"] == len(same)
        assert group["customers"] == len({o["customer_id"] for o in same})
        assert group["revenue"] == sum(o["amount"] for o in same)
