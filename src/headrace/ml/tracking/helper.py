"""The run's side of the tracker: a process that imports MLflow and logs while the run reads and trains.

Importing MLflow costs seconds, and a registry may be slow; both happen beside the run. Calls are answered in
order; a call that was not waited for reports its error at the next one that is.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from headrace.core import HeadraceError, TrackingSettings, Unavailable

from .process import TrackerProcess, take_spare
from .store import Store, make_ready, store_of

__all__ = ["Helper", "Reply", "helper_for", "warm_up"]


class Reply:
    """The answer to come of one call."""

    def __init__(self, helper: Helper, number: int) -> None:
        self._helper = helper
        self._number = number
        self._told: tuple[bool, Any] | None = None

    def result(self) -> Any:
        """Waits for it, once. Raises what the call raised, as often as it is asked."""
        if self._told is None:
            try:
                self._told = True, self._helper.wait_for(self._number)
            except HeadraceError as error:
                self._told = False, error
        fine, answer = self._told
        if fine:
            return answer
        raise answer


class Helper:
    """One tracker process; started when first needed, ended by ``close`` or with this process."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.RLock()
        self._process: TrackerProcess | None = None
        self._sent = 0
        self._answers: dict[int, tuple[bool, Any]] = {}
        self._heard = 0

    @property
    def pid(self) -> int | None:
        """The tracker's process, while there is one."""
        return self._process.pid if self._process is not None else None

    def start(self) -> TrackerProcess:
        """The process; a new one unless it runs."""
        with self._lock:
            if self._process is not None and self._process.lives:
                return self._process
            make_ready(self.store)
            self._process = take_spare()
            self._heard = self._sent  # what the one before has not answered, nobody will
            self._answers.clear()
            atexit.register(self.close)
            return self._process

    def submit(self, service: str, *arguments: Any) -> Reply:
        """Asks for a service without waiting."""
        with self._lock, self._dying(self.start()) as process:
            process.send((service, self.store, arguments))
            self._sent += 1
            return Reply(self, self._sent)

    def call(self, service: str, *arguments: Any) -> Any:
        """Asks for a service and waits. Raises what the service raised, as an error of ours."""
        return self.submit(service, *arguments).result()

    def wait_for(self, number: int) -> Any:
        """The answer to call ``number``."""
        with self._lock:
            while self._heard < number:
                with self._dying(self._process) as process:
                    self._answers[self._heard + 1] = process.receive()
                self._heard += 1
            if number not in self._answers:
                raise _died("")
            fine, answer = self._answers.pop(number)
        if fine:
            return answer
        assert isinstance(answer, HeadraceError)
        raise answer

    @contextlib.contextmanager
    def _dying(self, process: TrackerProcess | None) -> Iterator[TrackerProcess]:
        """Once its pipe is closed, the process is buried and the next call starts another."""
        if process is None:
            raise _died("")
        try:
            yield process
        except (EOFError, OSError) as error:
            self._process = None
            tail = process.tail()
            process.kill()
            raise _died(tail) from error

    def close(self, state: str = "finished") -> None:
        """Says how the run ended, lets the tracker finish what it put off, and waits for its end."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            atexit.unregister(self.close)
            process.end(("end", self.store, (state,)))


def _died(last_words: str) -> Unavailable:
    return Unavailable(
        "tracker-died",
        "The process that talks to MLflow ended on its own" + (f": {last_words}" if last_words else "."),
        hint="Run again; `headrace doctor` checks the installation.",
    )


@cache
def _helper(store: Store, pid: int) -> Helper:
    del pid  # a forked child must not talk over its parent's pipe
    return Helper(store)


def helper_for(folder: Path, tracking: TrackingSettings) -> Helper:
    """This process's tracker for a project."""
    return _helper(store_of(folder, tracking), os.getpid())


def warm_up(folder: Path, tracking: TrackingSettings) -> Helper:
    """Starts the tracker, and imports what training needs, while the run reads its data.

    Whoever calls it calls ``close(state)`` of what it gives once the run has ended.
    """
    helper = helper_for(folder, tracking)
    helper.start()
    threading.Thread(target=_import_learners, name="import learners", daemon=True).start()
    return helper


def _import_learners() -> None:
    with contextlib.suppress(ImportError):
        import sklearn.compose
        import sklearn.ensemble
        import sklearn.pipeline  # noqa: F401
