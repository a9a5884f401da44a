"""A script's own MLflow calls land in the project's store, and those of a preview nowhere."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest

from headrace import Pipeline
from headrace.stages import destinations, origins, processors

# MLflow asks SQLAlchemy 2.1 for something that it calls deprecated.
QUIET = "ignore:The ``noload`` loader strategy is deprecated"
CODE = """\
import mlflow

with mlflow.start_run() as run:
    mlflow.log_metric("rows", inputs[0].count())
    mlflow.log_text("hello", "note.txt")
output = spark.createDataFrame([(run.info.run_id,)], "run string")
"""


def tracked(folder: Path) -> Pipeline:
    p = Pipeline("script", project=folder)
    load = p.origin("load", origins.Files, path="orders.csv")
    script = load.to("script", processors.PySpark, code=CODE, columns={"run": "string"})
    script.to("write", destinations.Files, path="output", format="csv", files=1)
    return p


@pytest.mark.filterwarnings(QUIET)
def test_a_run_is_found_in_the_project_and_a_preview_is_not(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    p = tracked(folder)
    assert len(p.preview("script").to_pandas()) == 1
    assert p.run(progress=False).state == "finished"
    store = folder / ".headrace"
    client = mlflow.MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("script")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.metrics == {"rows": 4.0}
    assert [path.name for path in (store / "mlartifacts").rglob("note.txt")] == ["note.txt"]
    assert list(elsewhere.iterdir()) == []
