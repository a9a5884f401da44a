"""What a caller asks of the run's own process: one JSON line on its standard input."""

from __future__ import annotations

from typing import Literal

from headrace.core import Json, Value

__all__ = ["Request"]


class Request(Value):
    """A document, where it belongs, and what to do with it."""

    folder: str
    """The project's folder."""
    text: str
    """The document, so that what runs is what the caller saw."""
    file: str | None = None
    verb: Literal["run", "preview", "collect"] = "run"
    parameters: dict[str, Json] = {}
    environment: str | None = None
    engine: str | None = None
    counts: Literal["stages", "ends", "off"] | None = None
    resume: str | None = None
    once: bool = False
    """A stream that ends when nothing new is left."""
    from_start: bool = False
    """Committed offsets count for nothing."""
    until: float | None = None
    """A stream that ends when all is done that had come by this moment, in seconds since 1970."""
    interval: float | None = None
    """Seconds from one batch of a stream to the next, instead of what the document says."""
    stage: str | None = None
    """The stage to preview, or the output (``split.train``) to collect."""
    rows: int = 20
    """How many rows a preview shows."""
    target: str | None = None
    """Where collected rows go, as an Arrow file."""

    @property
    def streams(self) -> bool:
        """Whether it asks for a stream, whatever the document says."""
        return self.once or self.until is not None or self.interval is not None
