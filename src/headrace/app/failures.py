"""A run's error, raised again where the run was started."""

from __future__ import annotations

from headrace.core import Cancelled, ErrorInfo, HeadraceError, RunFailed

__all__ = ["error_of"]


def error_of(info: ErrorInfo) -> HeadraceError:
    """The exception that a caller catches: ``Cancelled``, or ``RunFailed`` with the code of the cause."""
    kind = Cancelled if info.code == "cancelled" else RunFailed
    return kind(info.code, info.message, where=info.where, hint=info.hint)
