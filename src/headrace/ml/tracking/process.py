"""The tracker as a process: started, spoken to over a pipe, ended; its prints are kept for when it dies."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from functools import cache
from multiprocessing import Pipe
from typing import Any

__all__ = ["TrackerProcess", "drop_spare", "start_spare", "take_spare"]

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


class TrackerProcess:
    """``python -m headrace.ml.tracker`` with a pipe to it; of no store until it is asked something."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by kill() and end()
        self._pipe, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "headrace.ml.tracker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=DEFAULTS | os.environ | ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, message: Any) -> None:
        """Raises ``OSError`` when nobody is there."""
        self._pipe.send(message)

    def receive(self) -> Any:
        """The next answer. Raises ``EOFError`` or ``OSError`` when there will be none."""
        return self._pipe.recv()

    def tail(self) -> str:
        """The last line that it printed."""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - LOG_TAIL))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def kill(self) -> None:
        """Ends it at once; safe to repeat."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        self._log.close()

    def end(self, message: Any) -> None:
        """Says the last word, and waits while it does what it has put off."""
        with contextlib.suppress(OSError):
            self._pipe.send(message)
            self._pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_SECONDS)
        self.kill()


@cache
def _spare() -> list[TrackerProcess]:
    return []


def start_spare() -> None:
    """Starts one before anybody knows what it will be asked: it imports for longer than a run gets ready."""
    _spare().append(TrackerProcess())


def take_spare() -> TrackerProcess:
    """The one that was started before, or a new one."""
    return _spare().pop() if _spare() else TrackerProcess()


def drop_spare() -> None:
    """Ends one that nobody took."""
    while _spare():
        _spare().pop().kill()
