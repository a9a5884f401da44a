"""Rows scored by a registered model, batch by batch, where the rows are."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, InvalidCall
from headrace.ml.spark.scoring import is_spark_model, score_by_spark
from headrace.ml.tracking.helper import helper_for

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.core import Frame, Run
    from headrace.ml.learning.loaded_model import LoadedModel

__all__ = ["Scoring", "score_frame", "score_table"]

ROWS_AT_ONCE = 65_536
"""Engines hand over some 10,000 rows at a time; a model prepares many rows for little more than few."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """Which model, and the names of the columns that it adds; ``probability`` only if asked for."""

    model: str
    selector: str
    prediction: str = "prediction"
    version: str = "model_version"
    probability: str | None = None

    @property
    def added(self) -> tuple[str, ...]:
        """The added columns."""
        return tuple(filter(None, (self.prediction, self.probability, self.version)))


def score_frame(scoring: Scoring, frame: Frame, run: Run) -> Frame:
    """``frame`` with predictions; lazily, in parallel, a bounded number of rows in memory at a time."""
    from pyspark.sql import types as t

    found = helper_for(run.folder, run.tracking).call(
        "fetch_version", scoring.model, scoring.selector, str(run.scratch / "model")
    )
    folder = Path(found.folder)
    run.log.info("scoring with %s version %s", scoring.model, found.version)
    if is_spark_model(folder):
        if run.engine != "spark":
            raise InvalidCall(
                "model-needs-spark",
                f"The model '{scoring.model}' was trained by Spark, and only Spark can load it.",
                hint="Run with --engine spark.",
            )
        return score_by_spark(
            folder,
            frame,
            prediction=scoring.prediction,
            probability=scoring.probability,
            version=scoring.version,
            number=found.version,
        )
    kinds = {"double": t.DoubleType(), "bigint": t.LongType(), "boolean": t.BooleanType()}
    fields = [t.StructField(scoring.prediction, kinds.get(found.output, t.StringType()))]
    if scoring.probability:
        fields.append(t.StructField(scoring.probability, t.DoubleType()))
    fields.append(t.StructField(scoring.version, t.LongType()))
    schema = t.StructType([*frame.schema.fields, *fields])
    load = in_place(found.folder) if run.engine == "embedded" else travelling(folder)
    scored: Frame = frame.mapInArrow(_scorer(scoring, found.version, found.output, load), schema)
    return scored


def _scorer(
    scoring: Scoring, version: int, output: str, load: Callable[[], LoadedModel]
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = None
        for table in in_larger_groups(batches):
            model = model or load()
            yield from score_table(scoring, model, version, output, table).to_batches()

    return score


def in_larger_groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of about 65,536 rows."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROWS_AT_ONCE:
            yield pa.Table.from_batches(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.Table.from_batches(waiting)


def score_table(scoring: Scoring, model: LoadedModel, version: int, output: str, table: pa.Table) -> pa.Table:
    """``table`` with the model's columns."""
    import numpy as np
    import pyarrow as pa

    said = model.predict(table)
    kind = {"double": pa.float64(), "bigint": pa.int64(), "boolean": pa.bool_()}.get(output, pa.string())
    values = pa.array(said.values.tolist() if kind == pa.string() else said.values, from_pandas=False)
    table = table.append_column(scoring.prediction, values.cast(kind))
    if scoring.probability:
        if said.probabilities is None:
            raise DataRefused(
                "no-probabilities",
                f"The model '{scoring.model}' gives no probabilities.",
                hint="Leave 'probability' out.",
            )
        spread = said.probabilities
        sure = spread[:, -1] if spread.shape[1] == 2 else spread.max(axis=1)
        table = table.append_column(scoring.probability, pa.array(sure, pa.float64()))
    return table.append_column(scoring.version, pa.array(np.full(table.num_rows, version), pa.int64()))


@cache
def _loaded(folder: str, digest: str) -> LoadedModel:
    """One copy per process: partitions share it."""
    del digest
    from headrace.ml.learning.loaded_model import load_model

    return load_model(Path(folder))


def in_place(folder: str) -> Callable[[], LoadedModel]:
    """Loads the model from where it is: the engine's workers are this process."""
    return lambda: _loaded(folder, "")


def _workers_own_folder() -> Path:
    """Where Spark keeps files for its workers, and clears up after them; they themselves are just killed."""
    from pyspark import SparkFiles

    root: str | None = SparkFiles._root_directory
    return Path(root) if root and Path(root).is_dir() else Path(tempfile.gettempdir())


def travelling(folder: Path) -> Callable[[], LoadedModel]:
    """Loads the model wherever the worker is: the files go with the function."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    content = stream.getvalue()
    digest = hashlib.sha256(content).hexdigest()

    def load() -> LoadedModel:
        home = _workers_own_folder()
        target = home / f"headrace-model-{digest[:24]}"
        if not (target / "MLmodel").exists():
            draft = Path(tempfile.mkdtemp(prefix="headrace-model-", dir=home))
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(draft)
            try:
                draft.rename(target)
            except OSError:  # another worker was first
                import shutil

                shutil.rmtree(draft, ignore_errors=True)
        return _loaded(str(target), digest)

    return load
