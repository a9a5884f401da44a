"""Python functions on the embedded engine, which say where they failed.

The engine runs functions inside this process, through PySpark's own worker, and hands on what one raises.
Where rows are being written it keeps the words alone. So the words are made to hold the stack, as on Spark.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .failures import came_from_below, is_users

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["keep_stacks"]

READERS = ("read_udfs", "read_udtf")
"""What the worker makes the functions of a plan with; each gives the function of a whole batch first."""

ROWS = 100
"""PySpark's number for functions of one row. Their results the engine takes a batch at a time."""

STACK = 100
"""Places of a stack that are kept, from the innermost."""


def keep_stacks() -> None:
    """From now on, what a function raises in this process carries its stack."""
    from pyspark import worker

    for name in READERS:
        read = getattr(worker, name)
        if not isinstance(read, _Reader):
            setattr(worker, name, _Reader(read))


class _Reader:
    """One of the worker's readers; the functions that it gives are watched."""

    def __init__(self, read: Callable[..., Any]) -> None:
        self._read = read

    def __call__(self, *given: Any, **named: Any) -> Any:
        function, *others = self._read(*given, **named)
        return (_Watched(function, of_rows=ROWS in given), *others)


class _Watched:
    """A function from batches to batches, called once per batch or stream, never per row."""

    def __init__(self, function: Callable[..., Any], *, of_rows: bool) -> None:
        self._function = function
        self._of_rows = of_rows

    def __call__(self, *given: Any) -> Any:
        try:
            made = self._function(*given)
            return list(made) if self._of_rows else _watched(made)
        except (Exception, SystemExit) as error:
            if not _is_the_functions_own(error):
                raise
            raise _with_stack(error) from None


def _watched(made: Any) -> Any:
    """What a function made; where it makes it bit by bit, what it raises on the way has its stack as well."""
    return _stream(made) if isinstance(made, Iterator) else made


def _stream(made: Iterator[Any]) -> Iterator[Any]:
    try:
        for each in made:
            yield _watched(each)
    except (Exception, SystemExit) as error:
        if not _is_the_functions_own(error):
            raise
        raise _with_stack(error) from None


def _with_stack(error: BaseException) -> Exception:
    """One of the same name, whose words hold the stack."""
    kind = type(error)
    namesake = type(kind.__name__, (Exception,), {"__module__": kind.__module__})
    stack = "".join(traceback.format_exception(error, limit=-STACK))
    told: Exception = namesake(f"{error}\n{stack}")
    return told.with_traceback(error.__traceback__)


def _is_the_functions_own(error: BaseException) -> bool:
    """Whether a user's line led to it, and it did not come up with the rows that the function asked for."""
    files = _files(error)
    if not files or came_from_below(files[-1]):
        return False
    return any(is_users(file) for each in _chain(error) for file in _files(each))


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it came from, in turn."""
    found = [error]
    while (above := found[-1].__cause__ or found[-1].__context__) and above not in found:
        found.append(above)
    return found


def _files(error: BaseException) -> list[str]:
    return [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
