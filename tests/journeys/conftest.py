"""A small project in a folder of the test's own, and the command as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from headrace.app.runs import start
from headrace.app.workspace import open_document

COMMAND = (sys.executable, "-m", "headrace.cli.main")
HEAD = "headrace: 1\nkind: pipeline\nname: test\n"


class Place:
    """A project's folder and what can be done in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "headrace.toml").write_text('[project]\nname = "place"\n')
        self.write("orders.csv", "id,customer,amount\n1,ada,12.5\n2,grace,\n3,ada,7.25\n")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def pipeline(self, stages: str, head: str = HEAD, name: str = "p.yaml") -> Path:
        return self.write(name, f"{head}stages:\n{stages}")

    def command(
        self, *words: str, start: Sequence[str] = COMMAND, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*start, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *words: str, **options: Any) -> Any:
        done = self.command(*words, "--json", **options)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def run(self, name: str = "p.yaml", **parameters: Any) -> dict[str, Any]:
        """A run in a process of its own, started from Python: the same, without the command's own start."""
        workspace = open_document(self.folder / name)
        with start(workspace.project, workspace.text, file=name, parameters=parameters) as process:
            for _ in process.events():
                pass
        return process.result().model_dump(mode="json")

    def visible(self) -> list[str]:
        """Every file that a reader of this folder would see, state and documents apart."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file()
            and not any(part.startswith((".", "_")) for part in path.relative_to(self.folder).parts)
            and path.suffix not in (".yaml", ".toml", ".py")
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def events_until() -> Callable[..., list[dict[str, Any]]]:
    """Reads events of ``run --events`` until one satisfies a condition."""

    def read(
        process: subprocess.Popen[str], wanted: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(json.loads(line))
            if wanted(seen[-1]):
                return seen
        raise AssertionError(f"it ended first: {seen[-3:]}")

    return read
