"""A run in a process of its own, as its parent sees it: started, listened to, cancelled.

The parent holds one end of two pipes. Down the first go the request and, later, ``cancel``; its closing tells
the run that nobody is there any more. Up the second come events, a JSON line each.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

from headrace.core import Json, RunFinished

from .record import Fold
from .recovery import close_record
from .request import Request
from .result import ErrorInfo, RunResult

__all__ = ["RunProcess", "new_run_id"]

GRACE = 10.0
"""Seconds that a cancelled run has to stop by itself."""
DEFAULTS = {"MIMALLOC_ALLOW_THP": "0"}
"""Arrow's allocator gives batches back as fast as it takes them; with huge pages the system would zero two
megabytes for each, a tenth of an ETL's CPU time."""


def new_run_id() -> str:
    """An identity that sorts by start: ``20260131-142501-9f3a1c``."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


class RunProcess:
    """Starts at once. Iterate ``events()`` to its end, then ask for ``result()``."""

    def __init__(self, request: Request, run_id: str | None = None) -> None:
        self.run_id = run_id or request.resume or new_run_id()
        self._request = request
        self._began = time.monotonic()
        self._started = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        self._told = Fold()
        read, write = os.pipe()
        environment = DEFAULTS | os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "headrace.runner.child", str(write), self.run_id]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(write,),
            env=environment,
            start_new_session=True,
        )
        os.close(write)
        self._channel = os.fdopen(read, "rb")
        self._say(request.model_dump_json())
        self._killer: threading.Timer | None = None
        # A process that the run forked holds the channel open, too: it ends with the run, or it is made to.
        self._watch = threading.Thread(target=self._end_with_leader, name="run-process", daemon=True)
        self._watch.start()

    @property
    def pid(self) -> int:
        """The run's process, leader of a group of its own."""
        return self._process.pid

    def events(self) -> Iterator[dict[str, Json]]:
        """Every event as it comes; ends when the run's process has closed its end."""
        for line in self._channel:
            if not line.endswith(b"\n"):  # it died in the middle of a word
                break
            event = json.loads(line)
            self._told.take(event)
            yield event
        self._watch.join()
        if self._killer is not None:
            self._killer.cancel()

    def _end_with_leader(self) -> None:
        self._process.wait()
        self._end_group()

    def cancel(self) -> None:
        """Asks the run to stop; after ten seconds it is made to."""
        self._say("cancel")
        if self._killer is None:
            self._killer = threading.Timer(GRACE, self._end_group)
            self._killer.daemon = True
            self._killer.start()

    @property
    def cancelling(self) -> bool:
        """Whether somebody has asked this process to stop."""
        return self._killer is not None

    @property
    def was_killed(self) -> bool:
        """Whether the process ended without saying how."""
        return not self._told.ended

    def result(self) -> RunResult:
        """What the events amount to.

        A process that died without a word has failed, unless it had begun to publish: that is finished or
        undone here and now, and decides.
        """
        if not self.was_killed:
            return self._told.result()
        error = self._death()
        if self._request.verb == "run":
            recorded = close_record(self._request, self.run_id, error)
            if recorded is not None:
                return recorded
        state: Literal["cancelled", "failed"] = "cancelled" if self._killer else "failed"
        seconds = round(time.monotonic() - self._began, 3)
        end = RunFinished(run_id=self.run_id, state=state, seconds=seconds, error=error.model_dump())
        self._told.take(end.to_json())
        result = self._told.result()
        return result.model_copy(update={"started": result.started or self._started})

    def _death(self) -> ErrorInfo:
        if self._killer is not None:
            return ErrorInfo(code="cancelled", message="The run was cancelled.")
        code = self._process.returncode
        how = f"exited with status {code}"
        if code is not None and code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        hint = "Code in the document may have ended the process, or the machine ran out of memory."
        return ErrorInfo(
            code="process-died", message=f"The run's process {how} before it was done.", hint=hint
        )

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _end_group(self) -> None:
        """Whatever of the run's group is still there ends now: worker processes outlive a killed parent."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> RunProcess:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._process.poll() is None:
            self._end_group()
        self._watch.join()
        self._channel.close()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
