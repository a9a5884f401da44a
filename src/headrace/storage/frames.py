"""Frames as Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.core import Frame

__all__ = ["frame_to_arrow"]


def frame_to_arrow(frame: Frame) -> pa.Table:
    """All rows of ``frame`` in this process, as one Arrow table."""
    table: pa.Table = frame.toArrow()
    return table
