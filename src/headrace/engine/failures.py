"""An engine's exceptions in our words."""

from __future__ import annotations

from headrace.core import HeadraceError

__all__ = ["explain_failure"]


def explain_failure(error: BaseException) -> HeadraceError | None:
    """One of our errors for an engine's; ``None`` for what is not an engine's."""
    del error
    return None
