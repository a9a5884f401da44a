"""MLflow's own page on a project's models, started quickly: one worker, jobs off."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

from headrace.core import InvalidCall, Unavailable
from headrace.ml.tracking.store import make_ready, store_of

if TYPE_CHECKING:
    from .use_cases import Place

__all__ = ["serve_page"]

HOST = "127.0.0.1"
READY_SECONDS = 120
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


def serve_page(place: Place, port: int, said: Callable[[str], None]) -> int:
    """Serves the page on this machine only until interrupted. Gives the server's exit code.

    ``said`` hears the address once the page answers. Raises ``InvalidCall`` (``port-taken``) or
    ``Unavailable`` (``page-not-ready``).
    """
    store = store_of(place.folder, place.tracking)
    if not store.embedded and store.tracking_uri.startswith("http"):
        said(f"Models are tracked at {store.tracking_uri}: open that.")
        return 0
    make_ready(store)
    port = port or _free_port()
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        HOST,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", store.tracking_uri, "--registry-store-uri", store.registry_uri]
    command += ["--default-artifact-root", store.artifacts.as_uri()]
    _check_free(port)
    process = subprocess.Popen(
        command, env=os.environ | SETTINGS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(process, port)
        said(f"MLflow shows this project's models at http://{HOST}:{port} (Ctrl-C ends it).")
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InvalidCall(
                "port-taken", f"Port {port} is taken.", hint="--port 0 takes a free one."
            ) from error


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise Unavailable(
        "page-not-ready", f"MLflow's page did not answer on port {port}.", hint="Try another --port."
    )
