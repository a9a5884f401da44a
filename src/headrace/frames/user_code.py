"""Running Python from a document: with its own line numbers, its prints in the log, its exits caught.

Code that never returns, or that ends its process by force, is the runner's to deal with.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import logging
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from headrace.core import Frame, HeadraceError, Run, UserCodeFailed

from .arrow import arrow_to_frame

__all__ = ["Inputs", "as_frame", "run_code", "said"]

LINE_LIMIT = 4000
"""Characters of a printed line that are kept."""

_RAISED = re.compile(r"^[A-Za-z_][\w.]*: .*$", re.MULTILINE)
"""The line of a stack that names what was raised."""


def run_code(code: str, names: Mapping[str, Any], *, stage: str, log: logging.Logger) -> dict[str, Any]:
    """Runs ``code`` with ``names`` defined and gives every name it leaves behind.

    What it prints goes to ``log``. Raises ``UserCodeFailed`` (``user-code-failed``) with the line within
    ``code`` for an exception, a syntax error or an exit; it has the attribute ``line``.
    """
    file = f"<{stage}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    space = {"__name__": "__main__", "__file__": file, **names}
    with contextlib.redirect_stdout(_Printed(log)) as printed:
        try:
            with _own_process_only():
                exec(compile(code, file, "exec", dont_inherit=True), space)  # noqa: S102 — the user's own code
        except SyntaxError as error:
            line = error.lineno if error.filename == file else _line(error.__traceback__, file)
            raise _failed(error, error.msg, code, line, stage) from None
        except SystemExit as error:
            text = f"The code ended the program (exit status {error.code!r})."
            line = _line(error.__traceback__, file)
            raise _failed(None, text, code, line, stage) from None
        except HeadraceError:
            raise
        except Exception as error:
            line = _line(error.__traceback__, file)
            raise _failed(error, said(error), code, line, stage) from error
        finally:
            printed.flush()
    return space


@contextlib.contextmanager
def _own_process_only() -> Iterator[None]:
    """A fork of the code ends where the code ends: a second run in the same folder would go on from there."""
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)


class Inputs(dict[Any, Any]):
    """Frames by the name of the stage they come from, or by position."""

    def __missing__(self, key: Any) -> Any:
        if isinstance(key, int) and -len(self) <= key < len(self):
            return list(self.values())[key]
        raise KeyError(f"there is no input {key!r}; there is {', '.join(map(repr, self))}")


def as_frame(value: Any, run: Run, name: str) -> Frame:
    """What code assigned, as a frame: PySpark's own, pandas' or Arrow's. Raises ``UserCodeFailed``."""
    if value is None:
        hint = f"Assign a PySpark, pandas or Arrow table to `{name}`."
        raise UserCodeFailed("no-output", f"The code did not assign `{name}`.", where=run.stage, hint=hint)
    if hasattr(value, "mapInArrow"):
        return value
    if type(value).__module__.split(".")[0] in ("pandas", "pyarrow"):
        return _from_table(value, run)
    kind = type(value).__name__
    raise UserCodeFailed("no-output", f"`{name}` is a {kind}, which is no table.", where=run.stage)


def _from_table(value: Any, run: Run) -> Frame:
    import pyarrow as pa

    table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value, preserve_index=False)
    return arrow_to_frame(table, run.session)


def said(error: BaseException) -> str:
    """What an exception says, without the stack trace that engines put behind it."""
    text = str(error).split("\n\nJVM stacktrace", 1)[0].strip()
    _, stack, inner = text.rpartition("Traceback (most recent call last)")
    raised = _RAISED.findall(inner) if stack else []
    kept = raised[:1] or text.splitlines()[:8]
    return "\n".join(kept)[:1000]


def _line(trace: TracebackType | None, file: str) -> int | None:
    """The innermost line of the user's own."""
    lines = [number for frame, number in traceback.walk_tb(trace) if frame.f_code.co_filename == file]
    return lines[-1] if lines else None


def _failed(
    error: BaseException | None, text: str, code: str, line: int | None, stage: str
) -> UserCodeFailed:
    lines = code.splitlines()
    source = lines[line - 1].strip() if line is not None and 0 < line <= len(lines) else ""
    place = f"Line {line} of its code: `{source[:200]}`. " if line is not None else ""
    kind = f"{type(error).__name__}: " if error is not None else ""
    failed = UserCodeFailed("user-code-failed", f"{place}{kind}{text}", where=stage)
    failed.__dict__["line"] = line
    return failed


class _Printed(io.TextIOBase):
    """Standard output that becomes lines of a log."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say(line)
        if len(self._rest) > LINE_LIMIT:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self._rest:
            self._say(self._rest)
            self._rest = ""

    def _say(self, line: str) -> None:
        self._log.info("%s", line if len(line) <= LINE_LIMIT else line[:LINE_LIMIT] + " …")
