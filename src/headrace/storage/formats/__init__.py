"""CSV, JSON lines and Parquet, read and written alike on every engine."""

from .csv_text import CsvText
from .found import FilesFound, FileStyle
from .inline import infer_rows, inline_table
from .json_lines import JsonLines
from .parquet_files import ParquetFiles
from .reading import FileReading
from .scan import REJECTED
from .sink import Sink
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
    "infer_rows",
    "inline_table",
]
