"""What tests of processors share: a stage put to work on rows, in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace.core import WithErrors, find_stage
from headrace.testing import StageRun

Rows = list[dict[str, Any]]


@pytest.fixture
def frame(session: Any) -> Callable[[Any], Any]:
    """A frame of an Arrow table, or of columns by name."""
    return lambda data: session.createDataFrame(data if isinstance(data, pa.Table) else pa.table(data))


@pytest.fixture
def apply(session: Any, frame: Any, tmp_path: Path) -> Callable[..., Any]:
    """Rows after a processor; by output where it has several; ``(rows, rejected)`` where it rejects."""

    def run_it(name: str, config: Mapping[str, Any], *data: Any, **how: Any) -> Any:
        stage = find_stage(f"processor.{name}").stage(**config)
        named = how.pop("named", {})
        run = StageRun(session, tmp_path, stage=how.pop("stage", "it"), **how)
        made = stage.transform(
            *map(frame, data), run=run, **{port: frame(rows) for port, rows in named.items()}
        )
        if isinstance(made, WithErrors):
            return rows_of(made.frame), rows_of(made.rejected)
        if isinstance(made, Mapping):
            return {output: rows_of(each) for output, each in made.items()}
        return rows_of(made)

    return run_it


def rows_of(frame: Any) -> Rows:
    found: Rows = frame.toArrow().to_pylist()
    return found
