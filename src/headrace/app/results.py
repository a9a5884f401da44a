"""A run's result as a notebook shows it."""

from __future__ import annotations

from headrace.runner import RunResult

from .tables import result_html

__all__ = ["ShownResult", "shown"]


class ShownResult(RunResult):
    """A :class:`RunResult` that looks like a table in a notebook."""

    def _repr_html_(self) -> str:
        return result_html(self)


def shown(result: RunResult) -> ShownResult:
    """The same result, for eyes."""
    return ShownResult.model_construct(**dict(result))
