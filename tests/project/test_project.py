"""A project is a folder: its settings, its connections, its secrets, in one environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.core import InvalidCall, InvalidDocument, Secret
from headrace.project import Project, find_project, open_project, read_pipeline, resolve_parameters
from headrace.storage.connections import S3Connection

CANARY = "canary-77aa"
CONNECTIONS = """\
lake:
  kind: s3
  endpoint: "https://${env:LAKE_HOST}:9000"
  access_key_id: ${secret:LAKE_KEY}
  secret_access_key: "${secret:LAKE_SECRET}"
  retries: 5
archive: {kind: s3, anonymous: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "headrace.toml").write_text(
        '[project]\nname = "prices"\n[parameters]\nn = 1\n[environments.prod.parameters]\nn = 2\n'
    )
    (tmp_path / "connections.yaml").write_text(CONNECTIONS)
    (tmp_path / "connections.prod.yaml").write_text(
        "lake: {region: eu-west-1, retries: 9}\nextra: {kind: s3}\n"
    )
    return tmp_path


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_HOST", "lake.example.com")
    monkeypatch.setenv("LAKE_KEY", "the-key")
    monkeypatch.setenv("HEADRACE_SECRET_LAKE_SECRET", CANARY)


def issues_of(folder: Path, environment: str | None = None) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(InvalidDocument) as caught:
        open_project(folder, environment)
    return [(issue.code, issue.line, issue.field) for issue in caught.value.issues]


def test_a_folder_without_settings_is_a_project_of_its_name(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    assert (project.name, project.folder, project.environment) == (tmp_path.name, tmp_path, None)
    assert project.engine.name == "auto"
    assert project.parameters == {}


def test_a_project_is_found_from_below(folder: Path) -> None:
    below = folder / "pipelines" / "daily"
    below.mkdir(parents=True)
    assert find_project(below) == folder
    assert find_project(folder) == folder
    (folder / "headrace.toml").unlink()
    assert find_project(below) == below


def test_a_folder_that_is_not_there_is_an_invalid_call(tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        open_project(tmp_path / "nothing")
    assert caught.value.code == "no-such-project"


def test_the_environment_is_laid_over_settings_and_connections(folder: Path) -> None:
    base, prod = open_project(folder), open_project(folder, "prod")
    assert (base.name, base.parameters, prod.parameters) == ("prices", {"n": 1}, {"n": 2})
    assert sorted(base.connections.tables) == ["archive", "lake"]
    assert sorted(prod.connections.tables) == ["archive", "extra", "lake"]
    assert prod.connections.tables["lake"]["retries"] == 9
    assert prod.connections.tables["lake"]["kind"] == "s3"


@pytest.mark.usefixtures("lake")
def test_a_connection_is_filled_in_when_it_is_asked_for(folder: Path) -> None:
    found = open_project(folder, "prod").connection("lake")
    assert isinstance(found, S3Connection)
    assert (found.endpoint, found.region, found.retries) == ("https://lake.example.com:9000", "eu-west-1", 9)
    assert found.access_key_id == "the-key"
    assert found.secret_access_key == Secret("LAKE_SECRET", CANARY)
    assert CANARY not in repr(found)


def test_every_missing_variable_and_secret_is_an_issue_at_its_line(folder: Path) -> None:
    project = open_project(folder)
    with pytest.raises(InvalidDocument) as caught:
        project.connection("lake")
    assert [(issue.code, issue.line, issue.field) for issue in caught.value.issues] == [
        ("unset-environment-variable", 3, "lake.endpoint"),
        ("unresolved-secret", 4, "lake.access_key_id"),
        ("unresolved-secret", 5, "lake.secret_access_key"),
    ]
    assert project.connection("archive") == S3Connection(anonymous=True)


def test_an_unknown_connection_is_an_invalid_call_with_a_suggestion(folder: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        open_project(folder).connection("lak")
    assert (caught.value.code, caught.value.hint) == ("unknown-connection", "Did you mean 'lake'?")


def test_every_problem_of_settings_and_connections_is_reported_at_once(folder: Path) -> None:
    (folder / "headrace.toml").write_text("[engine]\nmemry = '2GB'\n")
    (folder / "connections.yaml").write_text(
        "lake:\n  kind: s3\n  retires: 3\n  timeout_seconds: soon\n  region: ${region}\n"
        "other: {kind: s4}\nnone: 3\nbare: {}\na.b: {kind: s3}\n"
    )
    assert issues_of(folder) == [
        ("unknown-key", 2, "engine.memry"),
        ("unknown-key", 3, "lake.retires"),
        ("invalid-setting", 4, "lake.timeout_seconds"),
        ("unknown-reference", 5, "lake.region"),
        ("unknown-connection-kind", 6, "other.kind"),
        ("wrong-type", 7, "none"),
        ("missing-key", 8, "bare"),
        ("invalid-name", 9, "a.b"),
    ]


def test_an_issue_names_the_file_that_has_the_last_word(folder: Path) -> None:
    (folder / "connections.prod.yaml").write_text("lake:\n  retries: many\n")
    with pytest.raises(InvalidDocument) as caught:
        open_project(folder, "prod")
    (issue,) = caught.value.issues
    assert (issue.file, issue.line) == (str(folder / "connections.prod.yaml"), 2)


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "\x00", "a: !t 1\n"])
def test_a_damaged_connections_file_is_an_issue(folder: Path, text: str) -> None:
    (folder / "connections.yaml").write_text(text)
    assert len(issues_of(folder)) >= 1


@pytest.mark.usefixtures("lake")
def test_a_filled_in_value_of_the_wrong_type_is_an_issue(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "connections.yaml").write_text("lake:\n  kind: s3\n  retries: ${env:RETRIES}\n")
    monkeypatch.setenv("RETRIES", "3")
    assert open_project(folder).connection("lake") == S3Connection(retries=3)
    monkeypatch.setenv("RETRIES", "many")
    with pytest.raises(InvalidDocument) as caught:
        open_project(folder).connection("lake")
    assert [(issue.code, issue.line) for issue in caught.value.issues] == [("invalid-setting", 3)]


@pytest.mark.usefixtures("lake")
def test_a_secret_is_given_or_an_issue(folder: Path) -> None:
    project = open_project(folder)
    assert project.secret("LAKE_SECRET").reveal() == CANARY
    with pytest.raises(InvalidDocument) as caught:
        project.secret("NOTHING")
    assert caught.value.code == "unresolved-secret"
    assert CANARY not in repr(project)


@pytest.mark.usefixtures("lake")
def test_secret_parameters_are_revealed_in_the_run_alone(folder: Path) -> None:
    pipeline = read_pipeline(
        "headrace: 1\nkind: pipeline\nname: p\nparameters:\n"
        "  token: {secret: true, default: '${secret:LAKE_SECRET}'}\n  n: {type: integer}\n"
        "stages: {a: {type: x.y}}\n"
    )
    project = open_project(folder)
    values, _ = resolve_parameters(pipeline, {}, project.parameters)
    assert values["token"].reveal() == "${secret:LAKE_SECRET}"
    assert project.reveal(values) == {"token": Secret("token", CANARY), "n": 1}
    values, _ = resolve_parameters(pipeline, {"token": "${secret:GONE}"}, {})
    with pytest.raises(InvalidDocument) as caught:
        project.reveal(values)
    assert [(issue.code, issue.field) for issue in caught.value.issues] == [
        ("unresolved-secret", "parameters.token")
    ]


def test_a_bare_project_can_be_made_by_hand(tmp_path: Path) -> None:
    project = Project("p", tmp_path)
    with pytest.raises(InvalidCall):
        project.connection("x")


def test_reading_loads_no_heavy_library(folder: Path) -> None:
    (folder / "p.yaml").write_text(
        "headrace: 1\nkind: pipeline\nname: p\nstages: {a: {type: origin.files}}\n"
    )
    code = (
        "import sys; from pathlib import Path; from headrace.project import *\n"
        f"open_project(Path({str(folder)!r})); load_pipeline(Path({str(folder / 'p.yaml')!r}))\n"
        "print(sorted({'pyspark', 'mlflow', 'pandas', 'sqlalchemy', 'obstore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
