"""Rows into an engine and out of it, as Arrow batches: what every store that no engine knows stands on."""

from .discarding import discard_frame
from .error_rows import ErrorRows
from .files import write_files
from .first_rows import first_rows, text_table
from .naming import fresh_name, use_names_again
from .ordering import held, without_order
from .pace import BLOCKS, gated, paced
from .relay import relayed
from .source import Source, frame_of, session_zone
from .streams import NoteRow, Stream, StreamSource
from .target import Target, some_number, spread, write_frame
from .types import arrow_schema, arrow_type, declared_schema, normal_type, schema_of, spark_type

__all__ = [
    "BLOCKS",
    "ErrorRows",
    "NoteRow",
    "Source",
    "Stream",
    "StreamSource",
    "Target",
    "arrow_schema",
    "arrow_type",
    "declared_schema",
    "discard_frame",
    "first_rows",
    "frame_of",
    "fresh_name",
    "gated",
    "held",
    "normal_type",
    "paced",
    "relayed",
    "schema_of",
    "session_zone",
    "some_number",
    "spark_type",
    "spread",
    "text_table",
    "use_names_again",
    "without_order",
    "write_files",
    "write_frame",
]
