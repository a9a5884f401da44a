"""The tracker process: ``python -m headrace.ml.tracker FD`` answers calls over a pipe until it closes."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from headrace.core import HeadraceError, RunFailed, Unavailable

__all__ = ["main"]

SERVER_IS_AWAY = ("ConnectionError", "MaxRetryError", "Timeout", "ConnectTimeout", "ReadTimeout", "SSLError")


def main() -> None:
    """Imports MLflow, then answers ``(service, store, arguments)`` with ``(fine, answer)`` in order."""
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    warnings.simplefilter("ignore")
    gc.disable()  # imports make half a million objects that stay: collecting among them is a third of the time
    from . import services

    gc.freeze()
    gc.enable()
    while True:
        try:
            name, store, arguments = pipe.recv()
        except (EOFError, OSError):
            break
        answer = _answer(services.SERVICES[name], store, arguments)
        try:
            pipe.send(answer)
        except OSError:
            continue  # nobody waits for it; what it did is done
    sys.stdout.flush()
    os._exit(0)  # taking MLflow apart object by object would take a second


def _answer(service: Callable[..., Any], store: Any, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, service(store, *arguments)
    except HeadraceError as error:
        return False, error
    except Exception as error:  # the run must hear of it, whatever it is
        return False, in_our_words(error, store)


def in_our_words(error: Exception, store: Any) -> HeadraceError:
    """MLflow's exceptions as ours: a server that is away may come back, anything else will not."""
    text = " ".join(str(error).split())[:500]
    away = any(name in text or type(error).__name__ == name for name in SERVER_IS_AWAY)
    if away:
        return Unavailable(
            "tracking-unavailable",
            f"The MLflow server at {store.tracking_uri} does not answer: {text}",
            hint="Check the [tracking] section of headrace.toml and MLFLOW_TRACKING_URI, then run again.",
        )
    return RunFailed("tracking-failed", f"MLflow said no: {type(error).__name__}: {text}")


if __name__ == "__main__":
    main()
