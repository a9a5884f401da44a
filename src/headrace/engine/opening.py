"""An engine by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core import EngineFailed, EngineSettings, InvalidCall, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from .engine import Engine

__all__ = ["open_engine"]

ENGINES = ("embedded", "spark")


def open_engine(name: str, settings: EngineSettings | None = None, *, scratch: Path) -> Engine:
    """Starts ``embedded`` or ``spark``; ``scratch`` takes what does not fit into memory.

    Raises ``EngineFailed`` with the remedy if the engine does not start.
    """
    try:
        return _opened(name, settings or EngineSettings(), scratch)
    except ImportError as error:
        raise EngineFailed(
            "engine-start-failed",
            f"A library of the engine '{name}' does not load: {error}.",
            hint="`headrace doctor` says what mends it.",
        ) from error


def _opened(name: str, settings: EngineSettings, scratch: Path) -> Engine:
    if name == "embedded":
        from .embedded import EmbeddedEngine

        return EmbeddedEngine(settings, scratch=scratch)
    if name == "spark":
        from .spark import open_spark

        return open_spark(settings, scratch=scratch)
    raise InvalidCall("unknown-engine", f"No engine '{name}'.", hint=did_you_mean(name, ENGINES))
