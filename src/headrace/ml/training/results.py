"""What a training hands on: its row, the holdout with predictions, and importance, as frames and as files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.frames.row_hash import row_hashes
from headrace.ml.learning.importance import IMPORTANCE_DDL, importance_of
from headrace.ml.learning.specification import (
    PREDICTION,
    PROBABILITY,
    possible_tasks,
    prediction_columns,
    row_schema,
)
from headrace.ml.spark.scoring import spark_importance
from headrace.ml.tracking.helper import helper_for
from headrace.ml.tracking.records import HoldoutData

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.core import Frame, Json, Run
    from headrace.ml.learning.material import Material, Trained
    from headrace.ml.learning.specification import Specification
    from headrace.ml.tracking.records import ModelFile, Registered

__all__ = ["holdout_file", "result_frames", "write_holdout"]

HOLDOUT = "holdout.parquet"


def holdout_file(folder: Path) -> Path:
    """Where a training keeps its holdout while the run lasts."""
    return folder / HOLDOUT


def write_holdout(spec: Specification, material: Material, trained: Trained, run: Run) -> HoldoutData:
    """The holdout with predictions in the run's scratch; by reference, that is by its hashes, on record."""
    import hashlib

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = material.parts
    said = trained.predictions
    table = parts.holdout.append_column(PREDICTION, _values(said.values, material.task))
    if said.probabilities is not None:
        table = table.append_column(PROBABILITY, pa.array(_confidence(said.probabilities, material.task)))
    path = holdout_file(run.scratch)
    pq.write_table(table, path, compression="lz4")
    hashes = np.sort(row_hashes(parts.holdout, parts.columns, spec.split.seed))
    trained_on = run.scratch / "train_hashes.npy"
    np.save(trained_on, np.sort(parts.train_hashes))
    record = spec.split.to_json(
        columns=list(parts.columns),
        cut=parts.cut,
        holdout_rows=len(hashes),
        train_rows=parts.train_rows,
        holdout_digest=hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest(),
        given=parts.given,
        inputs=[each.location for each in run.inputs],
    )
    return HoldoutData(str(path), spec.target, material.task, material.classes, record, str(trained_on))


def _values(values: Any, task: str) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.float64()) if task == "regression" else pa.array(values.tolist())


def _confidence(spread: Any, task: str) -> Any:
    """Of the positive class where there are two, of the predicted one where there are more."""
    return spread[:, -1] if task == "binary" else spread.max(axis=1)


def result_frames(
    spec: Specification,
    material: Material,
    trained: Trained,
    registered: Registered,
    data: HoldoutData,
    file: ModelFile,
    run: Run,
) -> dict[str, Frame]:
    """The three outputs; importance is computed when somebody reads it."""
    tasks = possible_tasks(spec.task, _target_type(material.parts.train, spec.target))
    row = _row(material, trained, registered)
    schema = row_schema(tasks, spec.split.folds)
    values = [tuple(row.get(name) for name in schema.names)]
    run.counted(rows_out=1, output="model")
    run.counted(rows_out=material.parts.holdout.num_rows, output="predictions")
    run.counted(rows_out=len(material.features), output="importance")
    return {
        "model": run.session.createDataFrame(values, schema.ddl()),
        "predictions": _predictions(tasks, spec, data, run),
        "importance": _importance(material, trained, data, file, run),
    }


def _target_type(table: pa.Table, target: str) -> str:
    import pyarrow.types as t

    kind = table.schema.field(target).type
    if t.is_integer(kind):
        return "bigint"
    if t.is_floating(kind) or t.is_decimal(kind):
        return "double"
    return "boolean" if t.is_boolean(kind) else "string"


def _row(material: Material, trained: Trained, registered: Registered) -> dict[str, Json]:
    numbers = {**trained.metrics, **{f"cv_{name}": value for name, value in trained.cv.items()}}
    return {
        "model": registered.model,
        "version": registered.version,
        "tracking_run": registered.tracking_run,
        "model_uri": registered.model_uri,
        "task": material.task,
        "algorithm": trained.learner.algorithm,
        "library": trained.learner.library,
        "train_rows": material.parts.train_rows,
        "holdout_rows": material.parts.holdout.num_rows,
        "features": len(material.features),
        "train_seconds": float(trained.seconds),
        **{name: None if math.isnan(value) else float(value) for name, value in numbers.items()},
    }


def _predictions(tasks: tuple[str, ...], spec: Specification, data: HoldoutData, run: Run) -> Frame:
    """From the file on the embedded engine, which reads it in place; Spark's workers may be elsewhere."""
    import pyarrow.parquet as pq

    if run.engine == "embedded":
        frame = run.session.read.parquet(data.path)
    else:
        frame = run.session.createDataFrame(pq.read_table(data.path))
    wanted = prediction_columns(tasks, _target_type(pq.read_schema(data.path).empty_table(), spec.target))
    kept = [each.replace("`", "``") for each in frame.columns if each not in (PREDICTION, PROBABILITY)]
    added = [f"cast({name} as {kind}) as {name}" for name, kind in wanted.items()]
    return frame.selectExpr(*(f"`{each}`" for each in kept), *added)


def _importance(material: Material, trained: Trained, data: HoldoutData, file: ModelFile, run: Run) -> Frame:
    if file.flavor == "spark":
        return spark_importance(trained.model, material.parts.holdout, data, material.features, run.session)
    if file.flavor != "sklearn":
        table = helper_for(run.folder, run.tracking).call("importance_with_file", file, data)
        return run.session.createDataFrame(table)
    frame: Frame = run.session.range(1).mapInArrow(
        _compute(data, file, here=run.engine == "embedded"), IMPORTANCE_DDL
    )
    return frame


def _compute(data: HoldoutData, file: ModelFile, *, here: bool) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """A function for a worker: files are read where they are, or travel with it."""
    model = None if here else Path(file.path).read_bytes()
    holdout = None if here else Path(data.path).read_bytes()

    def importance(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        if not sum(batch.num_rows for batch in batches):
            return  # a partition without the one row that asks
        table = importance_of(
            model or Path(file.path).read_bytes(), holdout or data.path, data, file.features
        )
        yield from table.to_batches()

    return importance
