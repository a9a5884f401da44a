"""The fields that `origin.files` and `destination.files` have for the formats of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from headrace.core import Field, NewColumn, Value

from .registry import format_names

__all__ = ["ReadStyle", "WriteStyle"]

if TYPE_CHECKING:
    Readable = str
    Writable = str
else:
    Readable = Literal["auto", *format_names()]
    Writable = Literal[format_names(written=True)]


class ReadStyle(Value):
    """How files are read and their columns found."""

    format: Readable = Field(default="auto", description="`auto` goes by the first file's name.")
    declared_schema: str | dict[str, str] | None = Field(
        default=None,
        alias="schema",
        description="The columns, instead of inferring them: `id bigint, price double`, a mapping, or "
        "Spark's JSON.",
    )
    new_columns: Literal["ignore", "add", "stop"] = Field(
        default="ignore",
        description="Columns that a file has and the schema has not: leave them out; `add` them, null where "
        "a file lacks them; or `stop`.",
    )
    header: bool = Field(
        default=True, description="CSV, TSV, Excel: the first line names the columns; else `_c0`, `_c1` …"
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="CSV: between fields; null: a comma."
    )
    quote: str | None = Field(default='"', max_length=1, description="CSV: around fields; null: nothing.")
    escape: str | None = Field(
        default=None, max_length=1, description="CSV: before a quote inside quotes; without it, doubled."
    )
    null_values: tuple[str, ...] = Field(
        default=(), description="CSV, TSV, XML, Excel: texts that mean null beside the empty one."
    )
    multiline: bool = Field(
        default=True, description="CSV: line breaks may stand inside quotes. `false` lets S3 files be cut."
    )
    encoding: str = Field(
        default="utf-8", description="CSV, TSV, JSON, XML, text: how it is encoded.", examples=["latin-1"]
    )
    compression: Literal["auto", "none", "gzip", "bzip2", "zstd", "zip"] = Field(
        default="auto", description="CSV, TSV, JSON, XML, text: `auto` goes by the name's ending."
    )
    row_tag: str = Field(default="row", min_length=1, description="XML: the element that is a row.")
    sheet: str | int | None = Field(
        default=None, description="Excel: the sheet's name, or its number from 1; null: the first."
    )
    file_column: NewColumn | None = Field(default=None, description="A column with each row's file.")
    sample_files: int = Field(default=10, ge=1, description="How many files the schema is inferred from.")
    sample_mb: float = Field(default=4.0, gt=0, description="How much of each of them, in megabytes.")


class WriteStyle(Value):
    """How files are written."""

    format: Writable = Field(default="parquet", description="`json` is one object per line.")
    compression: Literal["auto", "none", "gzip", "bzip2", "snappy", "zstd"] = Field(
        default="auto", description="`auto` is snappy for Parquet, ORC and Avro, none for the others."
    )
    file_prefix: str = Field(
        default="part", pattern=r"[A-Za-z0-9][\w.-]*", description="What the names of files begin with."
    )
    file_mb: float | None = Field(
        default=None,
        gt=0,
        description="About how large a file gets, in megabytes as written, before the next one begins.",
    )
    row_tag: str = Field(default="row", pattern=r"[^\W\d][\w.-]*", description="XML: the element of a row.")
    header: bool = Field(default=True, description="CSV, TSV: name the columns in the first line.")
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="CSV: between fields; null: a comma."
    )

    @classmethod
    def part_of(cls, stage: WriteStyle) -> WriteStyle:
        """These fields alone, which workers get; a stage has more."""
        return cls.model_construct(**{name: getattr(stage, name) for name in cls.model_fields})
