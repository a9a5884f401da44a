"""A run under way, as Python sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headrace.core import Json
from headrace.runner import RunResult

from .failures import raise_if_failed
from .results import shown

if TYPE_CHECKING:
    from headrace.runner import RunProcess

__all__ = ["RunHandle"]


class RunHandle:
    """A run under way. Iterate over its events, ``wait()`` for its result, or ``cancel()`` it.

    Leaving the iteration early leaves the run going: iterate again for the events that follow, or ``wait()``.
    """

    def __init__(self, process: RunProcess) -> None:
        self._process = process
        self._result: RunResult | None = None

    @property
    def run_id(self) -> str:
        """The run's identity."""
        return self._process.run_id

    def __iter__(self) -> Iterator[dict[str, Json]]:
        if self._result is not None:
            return
        yield from self._process.events()
        with self._process:
            self._result = shown(self._process.result())

    def wait(self, *, progress: bool = False) -> RunResult:
        """The result, once there is one. Raises the run's error; Ctrl-C cancels the run."""
        try:
            self._watch(progress)
        except KeyboardInterrupt:
            self.cancel()
            self._watch(progress)
        assert self._result is not None
        raise_if_failed(self._result)
        return self._result

    def _watch(self, progress: bool) -> None:
        from .progress import progress_lines

        for line in progress_lines(self):
            if progress:
                print(line)  # noqa: T201 - what a notebook or a script shows while it waits

    def cancel(self) -> None:
        """Asks the run to stop; iteration ends when it has."""
        if self._result is None:
            self._process.cancel()

    def __repr__(self) -> str:
        return f"<Run {self.run_id}: {self._result.state if self._result else 'running'}>"
