"""Every error Headrace raises, grouped by what the caller can do about it.

::

    HeadraceError            code, message, where, hint
    ├── InvalidDocument      mend the document: carries every Issue found          exit 2
    ├── InvalidCall          mend the call: a flag, a name, a path                 exit 2
    ├── RunFailed            the run ended without its results                     exit 1
    │   ├── DataRefused      mend the data: a file, a row, a column                exit 1
    │   ├── UserCodeFailed   mend the code in the document: carries the user's line exit 1
    │   ├── EngineFailed     mend the engine: Java, memory, a setting              exit 1
    │   └── Unavailable      try again: a store, a server or a registry is away    exit 1
    └── Cancelled            somebody asked for it                                 exit 130

Each has a stable ``code`` (kebab case) with a page of its own in ``docs/reference/errors``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Cancelled",
    "DataRefused",
    "EngineFailed",
    "HeadraceError",
    "InvalidCall",
    "InvalidDocument",
    "Issue",
    "RunFailed",
    "Unavailable",
    "UserCodeFailed",
    "did_you_mean",
    "wanted",
]

MESSAGE_LIMIT = 2000
"""Characters of a message that are kept: an error is never unbounded."""
ISSUE_LIMIT = 500
_KINDS = {
    "dict": "a mapping", "model": "a mapping", "list": "a list", "tuple": "a list", "string": "text",
    "int": "a whole number", "int_from_float": "a whole number", "float": "a number", "bool": "true or false",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem in a document: the same in the terminal, in JSON, in Python and on the canvas."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    stage: str | None = None
    field: str | None = None
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __post_init__(self) -> None:
        """Bounds the message, which may repeat text of the document."""
        if len(self.message) > ISSUE_LIMIT:
            object.__setattr__(self, "message", self.message[:ISSUE_LIMIT] + " …")

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        spot = ".".join(part for part in (self.stage, self.field) if part)
        head = " ".join(part for part in (place, spot) if part)
        text = f"{head}: {self.message}" if head else self.message
        return f"{text} {self.hint}" if self.hint else text

    def to_json(self) -> dict[str, Any]:
        """Plain values, every key always present."""
        return asdict(self)

    def at(self, **place: Any) -> Issue:
        """The same issue with its place filled in where it was not known yet."""
        missing = {key: value for key, value in place.items() if getattr(self, key) is None}
        return replace(self, **missing) if missing else self


class HeadraceError(Exception):
    """The root: what happened, where, and what to do about it."""

    exit_code = 1

    def __init__(self, code: str, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        message = message if len(message) <= MESSAGE_LIMIT else message[:MESSAGE_LIMIT] + " …"
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__.copy())

    def to_json(self) -> dict[str, Any]:
        """The ``error`` of a run result: ``code, message, where, hint, kind``."""
        told = {"code": self.code, "message": self.message, "where": self.where, "hint": self.hint}
        return told | {"kind": type(self).__name__}


def _rebuild(kind: type[HeadraceError], message: str, state: dict[str, Any]) -> HeadraceError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class InvalidDocument(HeadraceError):
    """A document has problems; ``issues`` holds every one of them, in document order."""

    exit_code = 2

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        first = self.issues[0] if self.issues else Issue("invalid-document", "The document is not valid.")
        more = len(self.issues) - 1
        rest = f" (and {more} more)" if more > 0 else ""
        super().__init__(first.code, f"{first}{rest}")


class InvalidCall(HeadraceError):
    """A command or a function was called with something it cannot take."""

    exit_code = 2


class RunFailed(HeadraceError):
    """A run ended without its results."""


class DataRefused(RunFailed):
    """The data is not what the stage can take."""


class UserCodeFailed(RunFailed):
    """Code in the document raised; ``where`` names the stage, the message the user's own line."""


class EngineFailed(RunFailed):
    """The engine did not start, or gave up."""


class Unavailable(RunFailed):
    """A store, a server or a registry did not answer; trying again may help."""


class Cancelled(HeadraceError):
    """Somebody asked the run to stop."""

    exit_code = 130


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``Did you mean 'price'?`` when something known is close to ``name``; otherwise what there is."""
    names = sorted(set(known))
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    close = close or [each for each in names if each.casefold() == name.casefold()]
    if close:
        return f"Did you mean '{close[0]}'?"
    if 0 < len(names) <= 12:
        return "There is " + ", ".join(f"'{each}'" for each in names) + "."
    return None


def wanted(detail: Mapping[str, Any]) -> str:
    """What pydantic asks for, in a document's words: ``a mapping``, ``'csv' or 'json'``."""
    kind = detail["type"].removesuffix("_type").removesuffix("_parsing")
    return _KINDS.get(kind) or detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
