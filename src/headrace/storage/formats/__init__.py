"""Files of many formats, read and written alike on every engine; ``kinds`` has a module for each."""

from .csv_text import CsvText
from .found import FilesFound, reading_of
from .inline import infer_rows, inline_table
from .json_encode import json_texts
from .json_lines import JsonLines
from .parquet_files import ParquetFiles
from .reading import FileReading
from .records import CsvRecords, JsonRecords, RefuseRecord
from .registry import file_kind, format_names
from .scan import REJECTED
from .sink import Sink
from .styles import ReadStyle, WriteStyle
from .writing import Writing, writing_mistakes

__all__ = [
    "REJECTED",
    "CsvRecords",
    "CsvText",
    "FileReading",
    "FilesFound",
    "JsonLines",
    "JsonRecords",
    "ParquetFiles",
    "ReadStyle",
    "RefuseRecord",
    "Sink",
    "WriteStyle",
    "Writing",
    "file_kind",
    "format_names",
    "infer_rows",
    "inline_table",
    "json_texts",
    "reading_of",
    "writing_mistakes",
]
