"""A state of its own for each test, and other processes that use it, too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.storage.state import HeldRun, State, open_state

DOCUMENT = "headrace: 1\n"
OPEN = "import sys; from pathlib import Path; from headrace.storage.state import *\n"
OPEN += "state = open_state(Path(sys.argv[1]), project='p')\n"

Start = Callable[..., HeldRun]
Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with open_state(tmp_path, project="p") as opened:
        yield opened


@pytest.fixture
def start(state: State) -> Iterator[Start]:
    """Starts a run that this process holds until the test ends."""
    held: list[HeldRun] = []

    def start_run(pipeline: str = "train", **more: object) -> HeldRun:
        given: dict[str, object] = {"document": DOCUMENT, "document_digest": "0" * 64, "parameters": {}}
        held.append(state.start_run(pipeline=pipeline, **(given | more)))  # type: ignore[arg-type]
        return held[-1]

    yield start_run
    for each in held:
        each.release()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Runs code in another process that has opened the same state as ``state``."""
    children: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", OPEN + code, str(tmp_path), *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        children.append(subprocess.Popen(command, **pipes))  # type: ignore[call-overload]
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.communicate()
