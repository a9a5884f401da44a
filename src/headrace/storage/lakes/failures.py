"""What the libraries that keep tables' logs say when something goes wrong, as errors of ours."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from headrace.core import DataRefused, EngineFailed, HeadraceError, RunFailed, Unavailable

__all__ = ["delta_failure", "in_our_words", "need_delta"]

REFUSED = re.compile(
    r"403 Forbidden|PermissionDenied|Unauthenticated|SignatureDoesNotMatch|InvalidAccessKey|Permission denied"
)
AWAY = re.compile(
    r"error sending request|Connection refused|connection error|timed? ?out|operation timed|50[023] ", re.I
)
INVALID = "Invalid data found"


def need_delta() -> None:
    """Raises ``EngineFailed`` (``library-not-installed``) where delta-rs is missing."""
    try:
        import deltalake  # noqa: F401
    except ImportError as error:
        raise EngineFailed(
            "library-not-installed",
            "Delta tables need the package deltalake.",
            hint="Install it with: pip install 'headrace[delta]'",
        ) from error


@contextlib.contextmanager
def in_our_words(where: str) -> Iterator[None]:
    """What the library raises inside comes out as an error of ours about the table ``where``."""
    try:
        yield
    except HeadraceError:
        raise
    except (OSError, ValueError, KeyError, Exception) as error:
        raise delta_failure(error, where) from error


def delta_failure(error: BaseException, where: str) -> HeadraceError:
    """By the library's kind of error and its words, which may be long and are never handed on whole."""
    text = str(error)
    kind = type(error).__name__
    if kind == "TableNotFoundError":
        return DataRefused("table-missing", f"There is no table at '{where}'.", hint="Is the name right?")
    if kind == "CommitFailedError":
        return Unavailable(
            "table-busy",
            f"Others keep changing '{where}' in ways that exclude this change.",
            hint="Nothing of it is visible. Run again when they are done.",
        )
    if "MERGE matched a target row with multiple source rows" in text:
        return DataRefused(
            "several-rows-for-one",
            f"Several rows have the keys of one row in '{where}', so it is not known which one to keep.",
            hint="Put a processor.deduplicate by the same keys before it.",
        )
    if INVALID in text:
        return DataRefused(
            "rows-outside",
            f"Some rows do not fit into '{where}'.",
            hint="They break a rule of the table, or lie outside of what is replaced.",
        )
    if REFUSED.search(text):
        return DataRefused("access-denied", f"Access to '{where}' is refused with the credentials given.")
    if AWAY.search(text):
        return Unavailable("store-unavailable", f"The store of '{where}' did not answer.")
    first = text.strip().splitlines()[0][:300] if text.strip() else kind
    if kind == "DeltaProtocolError" or "reader feature" in text or "writer feature" in text:
        return DataRefused("table-too-new", f"'{where}' uses something that is not supported: {first}")
    return RunFailed("table-error", f"'{where}': {first}")
