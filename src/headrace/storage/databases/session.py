"""One conversation with a database, and how it begins: tried again while nobody answers."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from headrace.core import Unavailable

if TYPE_CHECKING:
    from .dialect import Dialect

__all__ = ["Purpose", "Session", "opened", "patiently"]

FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0
T = TypeVar("T")
Purpose = Literal["read", "look", "write"]
"""``look`` sees whether tables are there; a database that is a file may not be there itself."""


class Session(Protocol):
    """A transaction begins with the first statement and ends with ``commit``, ``rollback`` or ``close``.

    Raises what the driver raises; :func:`opened` puts it into our words.
    """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a question that has a short one."""

    def run(self, sql: str) -> int:
        """How many rows a statement has changed; -1: the driver does not tell."""

    def batches(self, sql: str) -> Iterator[Any]:
        """The rows of a query as the driver gives them, never all at once; ``Dialect.arrow`` takes them."""

    def commit(self) -> None:
        """Makes what was done since the last time visible."""

    def rollback(self) -> None:
        """Forgets what was done since the last time."""

    def close(self) -> None:
        """Ends the conversation; what was not committed is forgotten."""


@contextlib.contextmanager
def opened(dialect: Dialect, purpose: Purpose = "read") -> Iterator[Session]:
    """A session. Connecting is tried again as the connection says; errors come in our words.

    Raises ``Unavailable`` (``database-unavailable``), ``DataRefused`` (``database-refused`` and others).
    """
    session = patiently(lambda: in_words(dialect, lambda: dialect.connect(purpose)), dialect.retries)
    try:
        yield session
    except Exception as error:
        with contextlib.suppress(Exception):
            session.rollback()
        translated = dialect.failure(error)
        if translated is None:
            raise
        raise translated from error
    finally:
        with contextlib.suppress(Exception):
            session.close()


def in_words(dialect: Dialect, action: Callable[[], T]) -> T:
    """What ``action`` gives; a driver's error becomes one of ours."""
    try:
        return action()
    except Exception as error:
        translated = dialect.failure(error)
        if translated is None:
            raise
        raise translated from error


def patiently(action: Callable[[], T], retries: int) -> T:
    """Does it again while it raises ``Unavailable``, waiting twice as long each time."""
    for attempt in range(retries + 1):
        try:
            return action()
        except Unavailable:
            if attempt == retries:
                raise
            time.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311
    raise AssertionError
