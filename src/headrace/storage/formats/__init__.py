"""Files of many formats, read and written alike on every engine; ``kinds`` has a module for each."""

from .arrivals import Arrivals, sliced
from .avro_records import AvroRecords, avro_columns, avro_values, numbered
from .avro_types import avro_schema
from .csv_text import CsvText
from .found import FilesFound, reading_of
from .inline import infer_rows, inline_table
from .json_encode import json_texts
from .json_lines import JsonLines
from .parquet_files import ParquetFiles, read_footer
from .plan import partitions_of
from .reading import FileReading
from .records import CsvRecords, JsonRecords, RefuseRecord
from .registry import file_kind, format_names
from .rows import Format, Refuse, Split, stop_at
from .scan import REJECTED, Scan, shape
from .sink import Sink
from .styles import ReadStyle, WriteStyle
from .writing import Writing, writing_mistakes

__all__ = [
    "REJECTED",
    "Arrivals",
    "AvroRecords",
    "CsvRecords",
    "CsvText",
    "FileReading",
    "FilesFound",
    "Format",
    "JsonLines",
    "JsonRecords",
    "ParquetFiles",
    "ReadStyle",
    "Refuse",
    "RefuseRecord",
    "Scan",
    "Sink",
    "Split",
    "WriteStyle",
    "Writing",
    "avro_columns",
    "avro_schema",
    "avro_values",
    "file_kind",
    "format_names",
    "infer_rows",
    "inline_table",
    "json_texts",
    "numbered",
    "partitions_of",
    "read_footer",
    "reading_of",
    "shape",
    "sliced",
    "stop_at",
    "writing_mistakes",
]
