"""Training distributed on Spark: the same split by hash, folds one after the other, all cores on each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Json
from headrace.frames.arrow import frame_to_arrow
from headrace.frames.row_hash import hash_threshold, with_row_hash
from headrace.ml.learning.algorithms import Learner
from headrace.ml.learning.dataset import check_target, features_of, infer_task, target_values
from headrace.ml.learning.fitting import Evaluation, Predictions, means
from headrace.ml.learning.material import Material, Trained
from headrace.ml.learning.metrics import default_metric, score
from headrace.ml.learning.search import best, candidates
from headrace.ml.learning.splits import Parts

from .model import INDEX, build_pipeline, spark_predictions

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.core import Frame, Run
    from headrace.ml.learning.metrics import Task
    from headrace.ml.learning.specification import Specification

__all__ = ["learn_on_spark"]

HASH = "_row_hash"
ORDER = "_order_hash"
SAID = "_said"


def learn_on_spark(
    spec: Specification, frame: Frame, holdout: Frame | None, run: Run
) -> tuple[Material, Trained]:
    """The rows stay on Spark; the target, a hash per row and the holdout come here."""
    _check_split(spec)
    began = time.monotonic()
    target = frame_to_arrow(frame.select(spec.target))
    run.counted(rows_in=target.num_rows)
    task: Task = spec.task or infer_task(target, spec.target)
    check_target(target, spec.target, task)
    classes = _classes(target, spec.target, task)
    hashed = _hashed(spec, frame, task, classes).persist()
    try:
        threshold = hash_threshold(spec.split.fraction) if holdout is None else 0
        train = hashed.where(f"{HASH} >= {threshold}")
        held = hashed.where(f"{HASH} < {threshold}").drop(HASH, ORDER, INDEX) if holdout is None else holdout
        sample = frame_to_arrow(frame.limit(1000))
        features = features_of(sample, spec.target, spec.ignore, spec.features)
        learner, evaluations, chosen, model = _best_model(
            spec, task, features, train, threshold, classes, run
        )
        table, said = _on_holdout(model, held, task, classes)
        hashes = frame_to_arrow(train.select(ORDER).orderBy(ORDER)).column(0).to_numpy().astype("uint64")
    finally:
        hashed.unpersist()
    _check_parts(len(hashes), table.num_rows)
    parts = Parts(
        sample.slice(0, 0),
        table,
        (),
        tuple(sorted(frame.columns)),
        hashes,
        given=holdout is not None,
    )
    metrics = score(
        task, target_values(table, spec.target, task), said.values, said.probabilities, said.classes
    )
    material = Material(
        task,
        features,
        parts,
        sample.to_pandas(),
        target_values(target.slice(0, 1), spec.target, task),
        classes,
    )
    needs = ("pyspark", "pandas", "numpy")
    seconds = time.monotonic() - began
    return material, Trained(
        model, learner, tuple(evaluations), chosen, said, metrics, seconds, needs, "spark"
    )


def _check_split(spec: Specification) -> None:
    if spec.split.time_column is not None:
        raise DataRefused(
            "unsupported-split",
            "'library: spark_ml' does not split by time.",
            hint="Give the later rows as the input 'holdout'.",
        )


def _check_parts(train: int, holdout: int) -> None:
    if not train or not holdout:
        raise DataRefused(
            "empty-split",
            f"The split gives {train} training rows and {holdout} holdout rows; both need some.",
            hint="Use more rows, or another 'holdout'.",
        )


def _classes(target: pa.Table, name: str, task: Task) -> tuple[Json, ...]:
    import numpy as np

    return () if task == "regression" else tuple(np.unique(target_values(target, name, task)).tolist())


def _hashed(spec: Specification, frame: Frame, task: Task, classes: Sequence[Json]) -> Frame:
    """With the hash that splits, the hash that orders, and the number of the class."""
    from pyspark.sql import functions as f

    columns = sorted(frame.columns)
    found = with_row_hash(frame, columns, spec.split.seed, ORDER)
    if spec.split.by:
        found = with_row_hash(found, spec.split.by, spec.split.seed, HASH)
    else:
        found = found.withColumn(HASH, f.col(ORDER))
    if task != "regression":
        quoted = f.col(f"`{spec.target}`")
        number = f.array_position(f.array(*(f.lit(each) for each in classes)), quoted) - 1
        found = found.withColumn(INDEX, number.cast("double"))
    return found


def _best_model(
    spec: Specification,
    task: Task,
    features: Sequence[Any],
    train: Frame,
    threshold: int,
    classes: Sequence[Json],
    run: Run,
) -> tuple[Learner, list[Evaluation], int, Any]:
    base = Learner(spec.algorithm, spec.library, task, spec.parameters, spec.split.seed)
    tried = candidates(base, spec.search, spec.search_draws)
    texts = [each.name for each in features if each.kind == "category"]
    categories = max((train.select(f"`{name}`").distinct().count() for name in texts), default=0)
    evaluations: list[Evaluation] = []
    chosen = 0
    if spec.split.folds:
        width = (2**63 - threshold) // spec.split.folds + 1
        for candidate in tried:
            pipeline = build_pipeline(candidate, features, spec.target, categories)
            folds = []
            for each in range(spec.split.folds):
                run.check_cancelled()
                inside = f"{HASH} >= {threshold + each * width} and {HASH} < {threshold + (each + 1) * width}"
                model = pipeline.fit(_in_order(train.where(f"not ({inside})")))
                table, said = _on_holdout(model, train.where(inside), task, classes)
                truth = target_values(table, spec.target, task)
                folds.append(score(task, truth, said.values, said.probabilities, said.classes))
            run.log.info("%s: %s", dict(candidate.parameters), means(folds))
            evaluations.append(Evaluation(candidate.parameters, tuple(folds)))
        chosen = best(evaluations, spec.search_metric or default_metric(task))
    learner = tried[chosen]
    run.check_cancelled()
    model = build_pipeline(learner, features, spec.target, categories).fit(_in_order(train))
    return learner, evaluations, chosen, model


def _in_order(frame: Frame) -> Frame:
    """The same rows in the same partitions, however they came."""
    return frame.repartitionByRange(
        frame.sparkSession.sparkContext.defaultParallelism, ORDER
    ).sortWithinPartitions(ORDER)


def _on_holdout(model: Any, rows: Frame, task: Task, classes: Sequence[Json]) -> tuple[pa.Table, Predictions]:
    import numpy as np

    table = frame_to_arrow(spark_predictions(model, rows, task, classes, SAID))
    values = table.column(SAID).to_numpy()
    table = table.drop_columns([SAID])
    if task == "regression":
        return table, Predictions(values)
    spread = np.array(table.column("_probabilities").to_pylist())
    plain = [each for each in table.column_names if each not in ("_probabilities", HASH, ORDER, INDEX)]
    return table.select(plain), Predictions(values, spread, tuple(classes))
