"""Every example, copied and run as its README says, once per process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import headrace
from headrace import RunResult
from headrace.app.examples import init
from headrace.core import EngineFailed, InvalidCall

EXAMPLES = Path(__file__).parents[2] / "examples"
REQUIRED = os.environ.get("HEADRACE_REQUIRE_ALL") == "1"
NO_SPARK = ("java-missing", "java-too-old", "spark-not-installed", "engine-cannot")


@dataclass(frozen=True)
class Ran:
    """A copy of an example, and what its pipelines gave, by document name."""

    folder: Path
    results: dict[str, RunResult]


def pipelines_of(example: str) -> list[str]:
    """In the order in which they need each other: what trains comes first."""
    found = sorted(
        (EXAMPLES / example / "pipelines").glob("*.yaml"), key=lambda p: (p.stem != "train", p.stem)
    )
    return [path.stem for path in found]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Runs all pipelines of an example, with an engine other than the project's where one is named."""

    @cache
    def run(example: str, engine: str | None = None) -> Ran:
        folder = tmp_path_factory.mktemp(example) / "copy"
        init(folder, example)
        results = {
            name: headrace.load(folder / "pipelines" / f"{name}.yaml").run(engine=engine, progress=False)
            for name in pipelines_of(example)
        }
        return Ran(folder, results)

    def run_or_skip(example: str, engine: str | None = None) -> Ran:
        try:
            return run(example, engine)
        except (EngineFailed, InvalidCall) as why:
            if REQUIRED or why.code not in NO_SPARK:
                raise
            pytest.skip(str(why))

    return run_or_skip
