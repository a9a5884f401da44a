"""A file of raw rows scored by a registered model, without an engine."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, InvalidCall, did_you_mean
from headrace.ml.tracking.helper import helper_for

from .rows import Scoring, in_larger_groups, score_table

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.ml.models.use_cases import Place

__all__ = ["score_file"]

FORMATS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet"}


def score_file(
    place: Place, model: str, rows: Path, *, version: str = "production", output: Path | None = None
) -> dict[str, Any]:
    """Scores ``rows`` (CSV, JSON lines, Parquet) into ``output``, or as CSV to standard output.

    Gives ``model, version, rows, output``. The output appears whole or not at all.
    """
    from headrace.ml.learning.loaded_model import load_model
    from headrace.ml.models.use_cases import selector_of

    kind = _format(rows)
    if not rows.is_file():
        beside = [each.name for each in rows.parent.iterdir()] if rows.parent.is_dir() else []
        raise InvalidCall("no-such-file", f"There is no file '{rows}'.", hint=did_you_mean(rows.name, beside))
    target_kind = _format(output) if output is not None else "csv"
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        found = helper_for(place.folder, place.tracking).call(
            "fetch_version", model, selector_of(version), folder
        )
        loaded = load_model(Path(found.folder))
        scoring = Scoring(model, selector_of(version))
        tables = (
            score_table(scoring, loaded, found.version, found.output, table)
            for table in in_larger_groups(_batches(rows, kind))
        )
        count = _write(tables, output, target_kind)
    return {
        "model": model,
        "version": found.version,
        "rows": count,
        "output": str(output) if output else None,
    }


def _format(path: Path) -> str:
    suffixes = [each for each in path.suffixes if each != ".gz"]
    kind = FORMATS.get(suffixes[-1].lower()) if suffixes else None
    if kind is None:
        raise InvalidCall(
            "unknown-format",
            f"'{path.name}' does not say which format it has.",
            hint="Use .csv, .json (one object a line) or .parquet.",
        )
    return kind


def _batches(path: Path, kind: str) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    try:
        if kind == "parquet":
            import pyarrow.parquet as pq

            yield from pq.ParquetFile(path).iter_batches()
        elif kind == "csv":
            import pyarrow.csv as csv

            yield from csv.open_csv(pa.input_stream(str(path), compression="detect"))
        else:
            import pyarrow.json as json

            with pa.input_stream(str(path), compression="detect") as stream:
                yield from json.read_json(stream).to_batches()
    except pa.ArrowException as error:
        raise DataRefused("unreadable-file", f"'{path.name}' is not readable as {kind}: {error}") from error


def _write(tables: Iterator[pa.Table], output: Path | None, kind: str) -> int:
    count = 0
    draft = None if output is None else output.with_name(f".{output.name}.part")
    sink: Any = sys.stdout.buffer if draft is None else draft.open("wb")
    writer: Any = None
    try:
        for table in tables:
            writer = writer or _writer(sink, table.schema, kind)
            writer.write_table(table)
            count += table.num_rows
        if writer is not None:
            writer.close()
    except BaseException:
        if draft is not None:
            sink.close()
            draft.unlink(missing_ok=True)
        raise
    if draft is not None and output is not None:
        sink.close()
        draft.rename(output)
    return count


def _writer(sink: Any, schema: pa.Schema, kind: str) -> Any:
    if kind == "parquet":
        import pyarrow.parquet as pq

        return pq.ParquetWriter(sink, schema)
    if kind == "csv":
        import pyarrow.csv as csv

        return csv.CSVWriter(sink, schema)
    return _JsonLines(sink)


def _is_no_number(value: Any) -> bool:
    """JSON has no NaN and no infinity."""
    return isinstance(value, float) and not math.isfinite(value)


class _JsonLines:
    """JSON lines, which Arrow reads and does not write."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink

    def write_table(self, table: pa.Table) -> None:
        import json

        for row in table.to_pylist():
            plain = {name: None if _is_no_number(value) else value for name, value in row.items()}
            self._sink.write(json.dumps(plain, default=str, allow_nan=False).encode() + b"\n")

    def close(self) -> None:
        """Nothing is held back."""
