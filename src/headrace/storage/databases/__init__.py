"""Tables in databases: read side by side, written in one transaction a batch, one dialect per file."""

from .dialect import Dialect, dialect_of
from .growth import Growth
from .names import TableName
from .publish import StagedRows
from .reading import TableReading
from .wanted import Mode, Wanted

__all__ = ["Dialect", "Growth", "Mode", "StagedRows", "TableName", "TableReading", "Wanted", "dialect_of"]
