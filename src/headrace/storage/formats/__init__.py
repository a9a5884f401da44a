"""CSV, JSON lines and Parquet, read and written alike on every engine."""

from .csv_text import CsvText
from .discarding import discard_frame
from .found import FilesFound, FileStyle
from .inline import infer_rows, inline_table
from .json_lines import JsonLines
from .ordering import held, without_order
from .parquet_files import ParquetFiles
from .reading import FileReading
from .scan import REJECTED
from .sink import Sink, write_frame
from .types import arrow_schema, arrow_type, declared_schema, schema_of, spark_type
from .writing import Writing

__all__ = [
    "REJECTED",
    "CsvText",
    "FileReading",
    "FileStyle",
    "FilesFound",
    "JsonLines",
    "ParquetFiles",
    "Sink",
    "Writing",
    "arrow_schema",
    "arrow_type",
    "declared_schema",
    "discard_frame",
    "held",
    "infer_rows",
    "inline_table",
    "schema_of",
    "spark_type",
    "without_order",
    "write_frame",
]
