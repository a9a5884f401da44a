"""Models as a user meets them on the command line: trained twice, compared, promoted, rolled back, scored."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

import psutil
import pytest

from headrace.cli.main import main

from .conftest import Place

LOAD = "  load: {type: origin.files, path: 'houses-*.csv', format: csv}\n"
TRAIN = """  train:
    type: ml.train_model
    from: load
    target: price
    algorithm: linear
    features: ${features}
    register_as: houses
    importance: false
    plots: false
  gate: {type: ml.promote_model, from: train, when: rmse < production.rmse}
"""
HEAD = """headrace: 1
kind: pipeline
name: train
parameters: {features: {type: list, default: [area, town]}}
"""


def houses(first: int, count: int) -> str:
    lines = ["area,town,price"]
    for number in range(first, first + count):
        area, town = 50 + number % 90, "Bern" if number % 3 else "Biel"
        lines.append(f"{area},{town},{area * 3000 + number % 7 * 900}")
    return "\n".join(lines) + "\n"


class Said(NamedTuple):
    """What a command has left behind."""

    code: int | str | None
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A model with two versions: a poor one, and a better one, in production, that a second file has made."""
    place = Place(tmp_path_factory.mktemp("houses"))
    place.pipeline(LOAD + TRAIN, HEAD)
    place.write("houses-1.csv", houses(0, 200))
    assert place.run(features=["town"])["promotions"][0]["decision"] == "promoted"
    place.write("houses-2.csv", houses(200, 100))
    assert place.run()["promotions"][0]["decision"] == "promoted"
    place.write("new.csv", "area,town\n80,Bern\n60,Biel\n")
    return place


@pytest.fixture
def say(trained: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """The command, typed in the project's folder; in this process, so that MLflow is imported once."""
    monkeypatch.chdir(trained.folder)
    monkeypatch.setenv("COLUMNS", "100")

    def typed(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["headrace", "models", *words])
        with pytest.raises(SystemExit) as left:
            main()
        return Said(left.value.code, *capsys.readouterr())

    return typed


@pytest.fixture
def told(say: Say) -> Callable[..., Any]:
    """The same with ``--json``, understood."""
    return lambda *words: json.loads(say(*words, "--json").out)


def test_versions_are_listed_compared_and_rolled_back(say: Say, told: Callable[..., Any]) -> None:
    (model,) = told("list")
    assert (model["name"], model["production"], model["versions"]) == ("houses", 2, 2)
    shown = told("show", "houses")
    assert [each["decision"] for each in shown["decisions"]] == ["promoted", "promoted"]

    compared = told("compare", "houses", "1", "production")
    rows = {(row["section"], row["name"]): row for row in compared["rows"]}
    decided = shown["decisions"][0]["inputs"]
    same = rows["holdout of version 2", "rmse"]
    assert (same["a"], same["b"], same["better"]) == (decided["production.rmse"], decided["rmse"], "b")
    assert rows["parameters", "features"]["a"] == "['town']"
    assert rows["data", "input houses-2.csv"]["a"] is None
    assert "on its own holdout" in compared["notes"][0]
    text = say("compare", "houses", "2", "1").out
    assert "◂ better" in text
    assert "e+0" not in text

    rolled = say("rollback", "houses", "--yes", "--reason", "worse on new houses")
    assert rolled == (0, "houses: production is version 1 (it was 2).\n", "")
    again = say("rollback", "houses", "--yes")
    assert again.code == 2
    assert "nothing-to-roll-back" in again.err
    version = told("show", "houses")["versions"][1]
    assert version["tags"]["reason"] == "worse on new houses"
    assert "when" not in version["tags"]
    promoted = told("promote", "houses", "2")
    assert (promoted["production"], promoted["previous"], promoted["kind"]) == (2, 1, "manual")
    lines = say("show", "houses").out.splitlines()
    assert lines[0] == "houses  production: version 2"
    assert any("rollback of version 1" in line for line in lines)


def test_a_file_is_scored_as_csv_json_or_into_a_file(
    trained: Place, say: Say, told: Callable[..., Any]
) -> None:
    plain = say("score", "houses", "new.csv").out.splitlines()
    assert plain[0] == '"area","town","prediction","model_version"'
    assert len(plain) == 3
    found = told("score", "houses", "new.csv", "--version", "2")
    assert (found["version"], found["rows"], found["output"]) == (2, 2, None)
    assert [row["model_version"] for row in found["scored"]] == [2, 2]
    assert 200_000 < found["scored"][0]["prediction"] < 280_000
    written = told("score", "houses", "new.csv", "-o", "scored.jsonl")
    assert written["output"] == "scored.jsonl"
    lines = [json.loads(line) for line in (trained.folder / "scored.jsonl").read_text().splitlines()]
    assert lines == found["scored"]


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("show", "house"), "unknown-model", "Did you mean 'houses'?"),
        (("compare", "houses", "1", "7"), "unknown-version", "lists its versions"),
        (("promote", "houses", "prodution", "--yes"), "no-such-version", "Did you mean 'production'?"),
        (("score", "houses", "nw.csv"), "no-such-file", "Did you mean 'new.csv'?"),
    ],
)
def test_slips_are_told_with_what_was_meant(say: Say, words: tuple[str, ...], code: str, hint: str) -> None:
    done = say(*words)
    assert (done.code, done.out) == (2, "")
    assert code in done.err
    assert hint in " ".join(done.err.split())


def test_mlflows_own_page_shows_the_models_until_it_is_stopped(trained: Place) -> None:
    with trained.start("models", "ui", "--port", "0") as process:
        try:
            assert process.stderr is not None
            address = next(found for line in process.stderr if (found := re.search(r"http://\S+", line)))[0]
            alias = f"{address}/api/2.0/mlflow/registered-models/alias?name=houses&alias=production"
            with urllib.request.urlopen(alias) as answer:
                version = json.load(answer)["model_version"]
            with urllib.request.urlopen(address) as answer:
                page = answer.read()
            servers = psutil.Process(process.pid).children(recursive=True)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=30)
    assert (version["name"], version["version"]) == ("houses", "2")
    assert b"<!doctype html>" in page
    assert len(servers) == 2, "a supervisor and one worker; no process for jobs"
    assert code == 0
    assert not any(each.is_running() for each in servers)


def test_a_port_that_is_taken_is_said(say: Say) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = say("ui", "--port", str(taken.getsockname()[1]))
    assert done.code == 2
    assert "port-taken" in done.err
