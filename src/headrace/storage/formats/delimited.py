"""Rows as delimited text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.core import DataRefused

from .encoders import Encoder, HashedFile

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DelimitedEncoder", "refuse_nested"]


class DelimitedEncoder(Encoder):
    """Texts are quoted, so that an empty one differs from null."""

    def __init__(self, file: HashedFile, schema: pa.Schema, *, header: bool, delimiter: str) -> None:
        import pyarrow.csv as arrow

        super().__init__(file, schema)
        self._writer = arrow.CSVWriter(
            file,
            schema,
            write_options=arrow.WriteOptions(
                include_header=header, delimiter=delimiter, quoting_style="needed"
            ),
        )

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    def _end(self) -> None:
        self._writer.close()


def refuse_nested(schema: pa.Schema, name: str) -> None:
    """Raises ``DataRefused`` (``unsupported-type``) for arrays, maps and structs."""
    import pyarrow as pa

    nested = next((each.name for each in schema if pa.types.is_nested(each.type)), None)
    if nested is not None:
        raise DataRefused(
            "unsupported-type",
            f"{name} holds no arrays, maps or structs, and column '{nested}' is one.",
            hint="Make it text with `to_json` in processor.sql_expression, or choose json or parquet.",
        )
