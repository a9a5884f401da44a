"""Training distributed on Spark: the same split, folds one after the other, all cores on each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headrace.core import Json
from headrace.frames.arrow import frame_to_arrow
from headrace.ml.learning.algorithms import Learner
from headrace.ml.learning.dataset import check_target, features_of, infer_task, target_values
from headrace.ml.learning.fitting import Evaluation, Predictions, means
from headrace.ml.learning.material import Material, Trained
from headrace.ml.learning.metrics import default_metric, score
from headrace.ml.learning.search import best, candidates
from headrace.ml.learning.splits import Parts, check_columns, check_parts

from .boosting_curve import CURVE_ROWS, boosting_curve
from .division import ADDED, ORDER, Division, divide, train_hashes, with_keys
from .model import INDEX, build_pipeline, spark_predictions

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.core import Frame, Run
    from headrace.ml.learning.metrics import Task
    from headrace.ml.learning.specification import Specification

__all__ = ["learn_on_spark"]

SAID = "_said"


def learn_on_spark(
    spec: Specification, frame: Frame, holdout: Frame | None, run: Run
) -> tuple[Material, Trained]:
    """The rows stay on Spark; the target, a hash per row, their times and the holdout come here."""
    began = time.monotonic()
    plan = spec.split
    if holdout is not None:
        check_columns(frame.columns, holdout.columns)
    known = [spec.target, *([plan.time_column] if plan.time_column else [])]
    target = frame_to_arrow(frame.select(*dict.fromkeys(known)))
    run.counted(rows_in=target.num_rows)
    task: Task = spec.task or infer_task(target, spec.target)
    check_target(target, spec.target, task)
    classes = _classes(target, spec.target, task)
    keyed = _numbered(with_keys(frame, plan), spec.target, task, classes).persist()
    try:
        division = divide(keyed, plan, target, holdout)
        sample = frame_to_arrow(frame.limit(1000))
        features = features_of(sample, spec.target, spec.ignore, spec.features)
        hashes = train_hashes(division, plan, target.num_rows if holdout is None else None)
        learner, evaluations, chosen, model = _best_model(spec, task, features, division, classes, run)
        table, said = _on_holdout(model, division.holdout.drop(INDEX), task, classes)
        check_parts(len(hashes), table.num_rows, plan)
        seconds = time.monotonic() - began
        curve = None
        if spec.plots:
            some = division.train.where(f"{ORDER} <= {hashes[:CURVE_ROWS].max()}")
            kept = frame.sparkSession.createDataFrame(table.slice(0, CURVE_ROWS))
            curve = boosting_curve(model, some, _numbered(kept, spec.target, task, classes), task, run)
    finally:
        keyed.unpersist()
    parts = Parts(
        sample.slice(0, 0),
        table,
        (),
        tuple(sorted(frame.columns)),
        hashes,
        given=holdout is not None,
        cut=division.cut,
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
    return material, Trained(
        model, learner, tuple(evaluations), chosen, said, metrics, seconds, needs, "spark", curve
    )


def _classes(target: pa.Table, name: str, task: Task) -> tuple[Json, ...]:
    import numpy as np

    return () if task == "regression" else tuple(np.unique(target_values(target, name, task)).tolist())


def _numbered(frame: Frame, target: str, task: Task, classes: Sequence[Json]) -> Frame:
    """With the number of each row's class."""
    from pyspark.sql import functions as f

    if task == "regression":
        return frame
    number = f.array_position(f.array(*(f.lit(each) for each in classes)), f.col(f"`{target}`")) - 1
    return frame.withColumn(INDEX, number.cast("double"))


def _best_model(
    spec: Specification,
    task: Task,
    features: Sequence[Any],
    division: Division,
    classes: Sequence[Json],
    run: Run,
) -> tuple[Learner, list[Evaluation], int, Any]:
    base = Learner(spec.algorithm, spec.library, task, spec.parameters, spec.split.seed)
    tried = candidates(base, spec.search, spec.search_draws)
    texts = [each.name for each in features if each.kind == "category"]
    categories = max((division.train.select(f"`{name}`").distinct().count() for name in texts), default=0)
    evaluations: list[Evaluation] = []
    chosen = 0
    if division.folds:
        for candidate in tried:
            pipeline = build_pipeline(candidate, features, spec.target, categories)
            folds = []
            for rows, others in division.folds:
                run.check_cancelled()
                model = pipeline.fit(_in_order(rows))
                table, said = _on_holdout(model, others, task, classes)
                truth = target_values(table, spec.target, task)
                folds.append(score(task, truth, said.values, said.probabilities, said.classes))
            run.log.info("%s: %s", dict(candidate.parameters), means(folds))
            evaluations.append(Evaluation(candidate.parameters, tuple(folds)))
        chosen = best(evaluations, spec.search_metric or default_metric(task))
    learner = tried[chosen]
    run.check_cancelled()
    model = build_pipeline(learner, features, spec.target, categories).fit(_in_order(division.train))
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
    plain = [each for each in table.column_names if each not in ("_probabilities", INDEX, *ADDED)]
    return table.select(plain), Predictions(values, spread, tuple(classes))
