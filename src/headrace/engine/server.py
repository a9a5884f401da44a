"""The embedded server: one per process, shared by its sessions, gone with the last of them."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from headrace.core import EngineFailed

from .machine import cores, memory_in_bytes, parse_size
from .surroundings import environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from headrace.core import EngineSettings

__all__ = ["SharedServer", "server_environment", "the_server"]

STACK_SIZE = 256 * 2**20
"""Bytes of stack per thread: plans of thousands of stages are walked recursively."""
RECURSION_LIMIT = 200_000
"""The client walks the same plans in Python."""
MEMORY_SHARE = 0.6
BATCH_ROWS = 32_768
"""Four times the default: fewer calls into Python, and joins and aggregations gain as well."""
SESSION_SECONDS = 30 * 24 * 3600
"""A session may idle while a model trains; the server's own limit is 15 minutes."""


@dataclass
class SharedServer:
    """Started with the first session and stopped after the last."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _users: int = 0
    _server: Any = None

    def acquire(self, settings: EngineSettings, scratch: Path) -> str:
        """The address of the running server, ``sc://127.0.0.1:PORT``."""
        with self._lock:
            if self._server is None:
                self._server = _start(server_environment(settings, scratch))
            self._users += 1
            host, port = self._server.listening_address
            return f"sc://{host}:{port}"

    def let_go(self) -> None:
        """One session fewer. Sessions must have been stopped before: the server waits for them."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._server.stop()
                self._server = None


@cache
def the_server() -> SharedServer:
    """This process's server."""
    return SharedServer()


def server_environment(settings: EngineSettings, scratch: Path) -> dict[str, str]:
    """The server's settings: it reads them from the environment, once, when it is created."""
    memory = parse_size(settings.memory) if settings.memory else int(memory_in_bytes() * MEMORY_SHARE)
    threads = str(settings.threads or cores())
    spill = scratch / "engine"
    spill.mkdir(parents=True, exist_ok=True)
    return {
        "RUST_LOG": os.environ.get("RUST_LOG", "off"),
        "TOKIO_WORKER_THREADS": threads,
        "SAIL_MODE": "local",
        "SAIL_EXECUTION__DEFAULT_PARALLELISM": threads,
        "SAIL_EXECUTION__BATCH_SIZE": str(BATCH_ROWS),
        "SAIL_EXECUTION__CHECKPOINT__PATH": (spill / "checkpoints").resolve().as_uri(),
        "SAIL_RUNTIME__STACK_SIZE": str(STACK_SIZE),
        "SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair",
        "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(memory),
        "SAIL_RUNTIME__TEMPORARY_FILES__PATHS": json.dumps([str(spill.resolve())]),
        "SAIL_RUNTIME__TEMPORARY_FILES__MAX_SIZE": str(2**44),
        "SAIL_SPARK__SESSION_TIMEOUT_SECS": str(SESSION_SECONDS),
    }


def _start(wanted: Mapping[str, str]) -> Any:
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
    try:
        from pysail.spark import SparkConnectServer

        with environment(wanted):
            server = SparkConnectServer("127.0.0.1", 0)
            server.start(background=True)
    except Exception as error:
        raise EngineFailed(
            "engine-start-failed",
            f"The embedded engine did not start: {error}",
            hint="Run 'headrace doctor' to see what is missing.",
        ) from None
    return server
