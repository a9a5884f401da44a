"""The run's own process: reads a request, runs it, and ends with whoever started it.

Started as ``python -m headrace.runner.child CHANNEL RUN_ID``. Garbage collection stays off while libraries
are imported: the collector would walk hundreds of thousands of objects for nothing.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import IO

from headrace.core import Json, LogWritten

from .reporter import Reporter
from .request import Request

__all__ = ["main"]

ENDING = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 2.0
"""Seconds that the last lines of output have to reach the log."""


def main() -> None:
    """Never returns: the process ends without tearing down what its end frees anyway."""
    gc.disable()
    channel, run_id = os.fdopen(int(sys.argv[1]), "wb", buffering=0), sys.argv[2]
    os.set_inheritable(channel.fileno(), False)
    control = _take_stdin()
    request = Request.model_validate_json(control.readline())
    reporter = Reporter(_to_channel(channel))
    cancelled = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: cancelled.set())
    _let_forks_go(channel)
    with_models = request.verb == "run" and "ml." in request.text
    if with_models:  # its tracker takes longest to get ready, whatever else has to be found out first
        from headrace.ml import start_spare

        start_spare()
    _capture_output(reporter)
    threading.Thread(target=_listen, args=(control, cancelled), name="parent", daemon=True).start()
    code = 1
    try:
        from .conduct import conduct

        code = conduct(request, run_id, reporter, cancelled)
    finally:
        if with_models:
            from headrace.ml import drop_spare

            drop_spare()
        with contextlib.suppress(OSError):
            channel.close()
        os._exit(code)


def _let_forks_go(channel: IO[bytes]) -> None:
    """A fork has nothing to tell, must not keep whoever listens waiting, and ends when it is told to.

    What it is told before it listens waits until then: our own handler would swallow it, and whoever waits
    for the end of the fork (a pool of processes that is closed at once) would wait forever.
    """
    mine = threading.local()

    def hold() -> None:
        mine.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)

    def listen() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mine.mask)

    def let_go() -> None:
        with contextlib.suppress(OSError):
            channel.close()
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        listen()

    os.register_at_fork(before=hold, after_in_parent=listen, after_in_child=let_go)


def _to_channel(channel: IO[bytes]) -> Callable[[dict[str, Json]], None]:
    def send(event: dict[str, Json]) -> None:
        line = memoryview(json.dumps(event, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        with contextlib.suppress(BrokenPipeError, ValueError):  # ValueError: closed, in a fork
            while line:  # a signal can cut a long one
                line = line[channel.write(line) :]

    return send


def _take_stdin() -> IO[bytes]:
    """What the parent says; code that reads standard input finds nothing there, and a fork can close it."""
    control = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return control


def _listen(control: IO[bytes], cancelled: threading.Event) -> None:
    """The parent says ``cancel``, or is gone: then nothing here outlives it."""
    for line in control:
        if line.strip() == b"cancel":
            cancelled.set()
    os.killpg(os.getpid(), signal.SIGKILL)


def _capture_output(reporter: Reporter) -> None:
    """What anything prints, also from a library's own threads, goes to the run's log, to its last line."""
    read, write = os.pipe()
    os.dup2(write, 1)
    os.dup2(write, 2)
    last, copied = f"{os.urandom(16).hex()}\n", threading.Event()
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)

    def copy() -> None:
        with os.fdopen(read, "r", encoding="utf-8", errors="replace") as lines:
            for line in iter(lambda: lines.readline(10_000), ""):
                if line.endswith(last):
                    copied.set()
                elif line.strip():
                    reporter.emit(LogWritten(level="info", message=line.rstrip()))

    def settle() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # user code may have closed it
                stream.flush()
        os.write(write, b"\n" + last.encode())
        copied.wait(PATIENCE)

    reporter.settle = settle
    threading.Thread(target=copy, name="output", daemon=True).start()


if __name__ == "__main__":
    main()
