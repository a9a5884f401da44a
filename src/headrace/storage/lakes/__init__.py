"""Lakehouse tables, read and written without a JVM on every engine."""

from .delta_origin import DeltaReading
from .delta_staged import StagedDelta
from .delta_table import open_delta
from .delta_writing import TableMode, TableWriting
from .places import Place, place_of

__all__ = ["DeltaReading", "Place", "StagedDelta", "TableMode", "TableWriting", "open_delta", "place_of"]
