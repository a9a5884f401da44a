"""Reading files on every engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import Frame, HeadraceError, WithErrors
from headrace.engine import Engine, explain_failure
from headrace.stages.origins.files import Files
from headrace.testing import StageRun

if TYPE_CHECKING:
    pass


class Reading:
    """An engine, a folder, and what reading there gave."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    def run(self, **given: Any) -> StageRun:
        return StageRun(self.engine.session, self.folder, engine=self.engine.name, **given)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def rows(self, path: Any, run: StageRun | None = None, **config: Any) -> list[dict[str, Any]]:
        frame = Files(path=path, **config).read(run or self.run())
        assert not isinstance(frame, WithErrors)
        return self.plain(frame)

    def plain(self, frame: Frame) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.to_arrow(frame).to_pylist()
        return rows

    def types(self, path: Any, **config: Any) -> dict[str, str]:
        frame = Files(path=path, **config).read(self.run(purpose="analyse"))
        assert not isinstance(frame, WithErrors)
        assert self.engine.to_arrow(frame).num_rows == 0
        return {field.name: field.dataType.simpleString() for field in frame.schema}

    def refused(self, act: Callable[[], object]) -> HeadraceError:
        """The error of ours that an act ends in, through the engine or not."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, is what is asked
            act()
        found = explain_failure(caught.value)
        assert found is not None, caught.value
        return found


@pytest.fixture
def reading(any_engine: Engine, tmp_path: Path) -> Reading:
    return Reading(any_engine, tmp_path)


class Folder:
    """Files in a folder, read on the embedded engine."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine = engine
        self.path = path

    def file(self, name: str, content: str | bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, **given: Any) -> StageRun:
        return StageRun(self.engine.session, self.path, engine=self.engine.name, **given)

    def rows(self, path: str, **config: Any) -> list[dict[str, Any]]:
        frame = Files(path=path, **config).read(self.run())
        assert not isinstance(frame, WithErrors)
        rows: list[dict[str, Any]] = self.engine.to_arrow(frame).to_pylist()
        return rows

    def types(self, path: str, **config: Any) -> dict[str, str]:
        frame = Files(path=path, **config).read(self.run(purpose="analyse"))
        assert not isinstance(frame, WithErrors)
        return {field.name: field.dataType.simpleString() for field in frame.schema}

    def routed(self, path: str, **config: Any) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
        made = Files(path=path, **config).read(self.run(on_error="route"))
        assert isinstance(made, WithErrors)
        good = self.engine.to_arrow(made.frame).to_pylist()
        bad = self.engine.to_arrow(made.rejected).to_pylist()
        names = ("_error_code", "_error_column", "_error_line", "_error_raw")
        return good, [tuple(row[name] for name in names) for row in bad]

    def refused(self, path: str, **config: Any) -> HeadraceError:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, is what is asked
            self.rows(path, **config)
        found = explain_failure(caught.value)
        assert found is not None, caught.value
        return found


@pytest.fixture
def folder(engine: Engine, tmp_path: Path) -> Folder:
    return Folder(engine, tmp_path)
