"""The tracker process: ``python -m headrace.ml.tracker FD`` answers calls over a pipe until it closes."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headrace.core import HeadraceError, RunFailed, Unavailable

from .extras import put_off

if TYPE_CHECKING:
    from headrace.ml.tracking.store import Store

    from .extras import Extras

__all__ = ["Desk", "main"]

PARENT = os.getppid()

AWAY = re.compile(
    r"ConnectionError|MaxRetryError|Max retries exceeded|Connection aborted|RemoteDisconnected"
    r"|Connection reset|Timeout|SSLError|error code 50[234]"
)
"""What names a server that does not answer, or a gateway before it that says so."""
REASON = re.compile(
    r"\[Errno -?\d+\] ([^'\")\]]+)|(timed out)|(Remote end closed[^'\")]*)|(too many \d+ error responses)"
)


class Desk:
    """What this process has been asked to do, and what it has put off until the run has ended."""

    def __init__(self, services: Mapping[str, Callable[..., Any]]) -> None:
        self._services = services
        self._later: list[Extras] = []
        self._runs: list[str] = []

    def answer(self, name: str, store: Store, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        """Whether it went well, and what came of it: a value, or an error of ours."""
        try:
            return True, self._do(name, store, arguments)
        except HeadraceError as error:
            return False, error
        except Exception as error:  # the run must hear of it, whatever it is
            return False, in_our_words(error, store)

    def _do(self, name: str, store: Store, arguments: tuple[Any, ...]) -> Any:
        if name == "end":
            return self._end(store, *arguments)
        done = self._services[name](store, *arguments)
        if name == "open_run":
            self._runs.append(done)
        if name == "finish_run":
            later = put_off(*arguments)
            self._later += [later] if later is not None else []
        return done

    def _end(self, store: Store, state: str) -> None:
        """The run is over: its failure belongs to the record of its trainings; pictures can be drawn now."""
        later, self._later = self._later, []
        runs, self._runs = self._runs, []
        if state != "finished":
            for run_id in runs:
                self._services["run_ended_badly"](store, run_id, state)
            return
        for each in later:
            with contextlib.suppress(Exception):  # a picture that cannot be drawn is no reason to say more
                each.add(store, parent_lives)


def parent_lives() -> bool:
    """Orphans belong to process 1, or to whoever adopts them; ours has not ended while it is the same."""
    return os.getppid() == PARENT


def main() -> None:
    """Imports MLflow, then answers ``(service, store, arguments)`` with ``(fine, answer)`` in order."""
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    warnings.simplefilter("ignore")
    gc.disable()  # imports make half a million objects that stay; collecting takes a third of the time
    from . import services

    gc.freeze()
    gc.enable()
    desk = Desk(services.SERVICES)
    while True:
        try:
            name, store, arguments = pipe.recv()
        except (EOFError, OSError):
            break
        answer = desk.answer(name, store, arguments)
        with contextlib.suppress(OSError):  # nobody waits for it any more; what it did is done
            pipe.send(answer)
    sys.stdout.flush()
    os._exit(0)  # taking MLflow apart object by object would take a second


def in_our_words(error: Exception, store: Store) -> HeadraceError:
    """MLflow's exceptions as ours: a server that is away may come back, anything else will not."""
    text = " ".join(str(error).split())
    if AWAY.search(f"{type(error).__name__} {text}"):
        return Unavailable(
            "tracking-unavailable",
            f"The MLflow server at {_server(text, store)} does not answer: {_reason(text)}.",
            hint="Check the [tracking] section of headrace.toml and MLFLOW_TRACKING_URI, then run again.",
        )
    return RunFailed("tracking-failed", f"MLflow said no: {type(error).__name__}: {text[:500]}")


def _server(text: str, store: Store) -> str:
    """The server that an error is about: the registry may be another than the tracking server."""
    registry = urlsplit(store.registry_uri).netloc
    about_registry = registry and registry != urlsplit(store.tracking_uri).netloc and registry in text
    return store.registry_uri if about_registry else store.tracking_uri


def _reason(text: str) -> str:
    """The innermost reason, which stands last: ``Connection refused``."""
    found = REASON.findall(text)
    return next(filter(None, found[-1])) if found else text[:200]


if __name__ == "__main__":
    main()
