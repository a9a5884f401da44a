"""Asking again, with growing pauses, as long as a connection says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from headrace.core import Unavailable
from headrace.storage.connections import NetworkConnection

__all__ = ["again", "created"]

T = TypeVar("T")
FIRST = 0.1
LONGEST = 10.0


def again(act: Callable[[], T], connection: NetworkConnection | None) -> T:
    """Acts until it works; for what may be repeated. Raises the last ``Unavailable``, all else at once."""
    for pause in _pauses(connection or NetworkConnection()):
        try:
            return act()
        except Unavailable:
            time.sleep(pause)
    return act()


def created(
    create: Callable[[], None], found: Callable[[], bytes], data: bytes, connection: NetworkConnection | None
) -> None:
    """Creates what must not be there yet, though answers may get lost.

    An attempt whose answer was lost may have worked. If the object is there at the next one, it is ours when
    it holds our bytes: what is created so differs between writers. Raises ``FileExistsError``.
    """
    doubt = False

    def act() -> None:
        nonlocal doubt
        try:
            create()
        except Unavailable:
            doubt = True
            raise
        except FileExistsError:
            if not doubt or found() != data:
                raise

    again(act, connection)


def _pauses(given: NetworkConnection) -> Iterator[float]:
    """Twice as long each time, somewhere between half and all of it, so that clients do not march in step."""
    end = time.monotonic() + given.retry_seconds
    for number in range(given.retries):
        pause = min(FIRST * 2**number, LONGEST) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        if time.monotonic() + pause > end:
            return
        yield pause
