"""CSV, JSON lines and Parquet, read and written alike on every engine."""

from .csv_text import CsvText
from .found import FilesFound, FileStyle
from .json_lines import JsonLines
from .parquet_files import ParquetFiles
from .reading import FileReading
from .scan import REJECTED
from .types import arrow_schema, arrow_type, declared_schema, schema_of, spark_type

__all__ = [
    "REJECTED",
    "CsvText",
    "FileReading",
    "FileStyle",
    "FilesFound",
    "JsonLines",
    "ParquetFiles",
    "arrow_schema",
    "arrow_type",
    "declared_schema",
    "schema_of",
    "spark_type",
]
