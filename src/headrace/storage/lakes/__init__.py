"""Lakehouse tables, read and written without a JVM on every engine."""

from .delta_origin import DeltaReading
from .delta_staged import StagedDelta
from .delta_table import open_delta
from .delta_writing import TableWriting
from .fields import TableDestination, TableOrigin
from .lake import Lake, Look, TableName
from .opening import LakeExplorer, open_lake
from .places import Place, place_of

__all__ = [
    "DeltaReading",
    "Lake",
    "LakeExplorer",
    "Look",
    "Place",
    "StagedDelta",
    "TableDestination",
    "TableName",
    "TableOrigin",
    "TableWriting",
    "open_delta",
    "open_lake",
    "place_of",
]
