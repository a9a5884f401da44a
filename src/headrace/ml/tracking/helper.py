"""The run's side of the tracker: a process that imports MLflow and logs while the run reads and trains.

Importing MLflow costs seconds, and a registry may be slow; both happen beside the run. Calls are answered in
order; a call that was not waited for reports its error at the next one that is.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from functools import cache
from multiprocessing import Pipe
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from headrace.core import HeadraceError, TrackingSettings, Unavailable

from .store import Store, make_ready, store_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Helper", "Reply", "helper_for", "warm_up"]

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "MPLBACKEND": "agg",
}
DEFAULTS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
"""A server that is down is an error within seconds, not minutes, unless the user says otherwise."""
CLOSE_SECONDS = 120
LOG_TAIL = 600


class Reply:
    """The answer to come of one call."""

    def __init__(self, helper: Helper, number: int) -> None:
        self._helper = helper
        self._number = number

    def result(self) -> Any:
        """Waits for it. Raises what the call raised."""
        return self._helper.wait_for(self._number)


class Helper:
    """One tracker process; started when first needed, ended by ``close`` or with this process."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._sent = 0
        self._answers: dict[int, tuple[bool, Any]] = {}
        self._heard = 0
        self._log: IO[bytes] | None = None

    def start(self) -> None:
        """Starts the process unless it runs."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            make_ready(self.store)
            self._log = self._log or tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
            ours, theirs = Pipe()
            environment = DEFAULTS | os.environ | ENVIRONMENT
            command = [sys.executable, "-m", "headrace.ml.tracker", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
            )
            theirs.close()
            self._pipe = ours
            self._sent = self._heard = 0
            self._answers.clear()
            atexit.register(self.close)

    def submit(self, service: str, *arguments: Any) -> Reply:
        """Asks for a service without waiting."""
        with self._lock:
            self.start()
            assert self._pipe is not None
            with self._dying():
                self._pipe.send((service, self.store, arguments))
            self._sent += 1
            return Reply(self, self._sent)

    def call(self, service: str, *arguments: Any) -> Any:
        """Asks for a service and waits. Raises what the service raised, as an error of ours."""
        return self.submit(service, *arguments).result()

    def wait_for(self, number: int) -> Any:
        """The answer to call ``number``."""
        with self._lock:
            while self._heard < number:
                with self._dying():
                    assert self._pipe is not None
                    self._answers[self._heard + 1] = self._pipe.recv()
                self._heard += 1
            fine, answer = self._answers.pop(number)
        if fine:
            return answer
        assert isinstance(answer, HeadraceError)
        raise answer

    @contextlib.contextmanager
    def _dying(self) -> Any:
        try:
            yield
        except (EOFError, OSError) as error:
            self._bury()
            tail = self._tail()
            raise Unavailable(
                "tracker-died",
                "The process that talks to MLflow ended on its own" + (f": {tail}" if tail else "."),
                hint="Run again; `headrace doctor` checks the installation.",
            ) from error

    def _bury(self) -> None:
        """Waits for a process that has let go of its pipe, so that the next call starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _tail(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - LOG_TAIL))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self, state: str = "finished") -> None:
        """Says how the run ended, lets the tracker finish what it put off, and waits for its end."""
        with self._lock:
            process, self._process = self._process, None
            pipe, self._pipe = self._pipe, None
        if process is None or pipe is None:
            return
        atexit.unregister(self.close)
        with contextlib.suppress(OSError):
            pipe.send(("end", self.store, (state,)))
            pipe.close()
        try:
            process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if self._log is not None:
                self._log.close()
                self._log = None


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
