"""Code in the documentation is right: what is marked as runnable runs, documents are valid, Python parses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from headrace.project import read_pipeline

from .blocks import Block, blocks, missing_line, needs
from .conftest import DOCS, ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
HEAVY = {
    "hdfs_server": [pytest.mark.hdfs],
    "kafka_broker": [pytest.mark.xdist_group("kafka")],
}
"""Servers that only one of the processes that test at once should start."""


def heavy(page: Path) -> list[pytest.MarkDecorator]:
    return [mark for name in needs(page) for mark in HEAVY.get(name, [])]


RUNNABLE = [
    pytest.param(page, marks=heavy(page))
    for page in PAGES
    if any(block.mark == "run" for block in blocks(page))
]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_what_a_page_shows_happens(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for server in needs(page):
        for name, value in request.getfixturevalue(server).environment().items():
            monkeypatch.setenv(name, value)
    folder = tmp_path / "here"
    folder.mkdir()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for block in blocks(page):
        where = f"{name_of(page)}:{block.line}"
        if block.mark == "file":
            target = folder / block.what
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text)
        elif block.mark == "run" and block.language == "console":
            run_console(block, folder, where)
        elif block.mark == "run":
            assert block.language == "python", f"{where}: only console and python blocks run"
            (folder / "block.py").write_text(block.text)
            run([sys.executable, "block.py"], folder, block.exit_code, where)


def run_console(block: Block, folder: Path, where: str) -> None:
    commands = list(block.commands())
    for number, (command, shown) in enumerate(commands, 1):
        expected = block.exit_code if number == len(commands) else 0
        output = run(["bash", "-ec", command], folder, expected, f"{where}: {command}")
        missing = missing_line(shown, output)
        assert missing is None, f"{where}: {command} does not say {missing!r} but\n{output}"


def run(command: list[str], folder: Path, expected: int, where: str) -> str:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == expected, f"{where} ended with {done.returncode}\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_documents_python_and_toml_in_a_page_can_be_read(page: Path) -> None:
    for block in blocks(page):
        where = f"{name_of(page)}:{block.line}"
        if block.language == "yaml" and block.text.startswith("headrace:") and "kind: pipeline" in block.text:
            read_pipeline(block.text, where)
        elif block.language == "python":
            compile(block.text, where, "exec")
        elif block.language == "toml":
            tomllib.loads(block.text)


def test_a_line_that_does_not_come_is_found() -> None:
    output = "one two\n\nthree 3.5 s\nfour\n"
    assert missing_line(["one   two", "three … s"], output) is None
    assert missing_line(["…", "four"], output) is None
    assert missing_line(["four", "one two"], output) == "one two"
