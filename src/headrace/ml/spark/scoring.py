"""What Spark's own models say about rows: predictions, metrics on a holdout, importance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.ml.learning.dataset import Feature
from headrace.ml.learning.fitting import Predictions
from headrace.ml.learning.importance import REPEATS, ROWS
from headrace.ml.learning.loaded_model import describe
from headrace.ml.learning.metrics import METRICS, default_metric, score

from .model import load_spark_model, spark_predictions

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from headrace.core import Frame, Json
    from headrace.ml.tracking.records import HoldoutData

__all__ = ["is_spark_model", "score_by_spark", "spark_importance", "spark_metrics"]

SAID = "_said"
PROBABILITIES = "_probabilities"


def is_spark_model(folder: Path) -> bool:
    """Whether only Spark can load it."""
    return "spark" in describe(folder)["flavors"]


def about(folder: Path) -> tuple[str, list[Json]]:
    """The task of one of our models, and its classes."""
    ours = (describe(folder).get("metadata") or {}).get("headrace") or {}
    return ours.get("task", "regression"), ours.get("classes", [])


def score_by_spark(
    folder: Path, frame: Frame, *, prediction: str, probability: str | None, version: str, number: int
) -> Frame:
    """``frame`` with the columns that scoring adds."""
    from pyspark.sql import functions as f

    task, classes = about(folder)
    said = spark_predictions(load_spark_model(folder), frame, task, classes, prediction)
    if PROBABILITIES in said.columns:
        if probability:
            sure = f.element_at(PROBABILITIES, -1) if len(classes) == 2 else f.array_max(PROBABILITIES)
            said = said.withColumn(probability, sure)
        said = said.drop(PROBABILITIES)
    return said.withColumn(version, f.lit(number).cast("bigint"))


def spark_metrics(folder: Path, holdout: HoldoutData, session: SparkSession) -> dict[str, float]:
    """A model's metrics on a holdout, as the gate asks for them."""
    import numpy as np
    import pyarrow.parquet as pq

    from headrace.ml.learning.dataset import target_values

    table = pq.read_table(holdout.path)
    _, classes = about(folder)
    frame = session.createDataFrame(table)
    said = spark_predictions(load_spark_model(folder), frame, holdout.task, classes, SAID).toArrow()
    truth = target_values(said, holdout.target, holdout.task)  # type: ignore[arg-type]
    spread = np.array(said.column(PROBABILITIES).to_pylist()) if classes else None
    found = Predictions(said.column(SAID).to_numpy(), spread, tuple(classes))
    metrics = score(holdout.task, truth, found.values, found.probabilities, found.classes)
    return {name: metrics[name] for name in METRICS[holdout.task]}


def spark_importance(
    model: Any, table: pa.Table, holdout: HoldoutData, features: Sequence[Feature], session: SparkSession
) -> Frame:
    """Permutation importance as one lazy frame: every shuffle of every column is scored in one job."""
    stacked = session.createDataFrame(_shuffled(table.slice(0, ROWS), features))
    said = spark_predictions(model, stacked, holdout.task, holdout.classes, SAID)
    target = "`" + holdout.target.replace("`", "``") + "`"
    if holdout.task == "regression":
        merit = f"1 - sum(pow({target} - {SAID}, 2)) / (var_pop({target}) * count(*))"
    else:
        labels = ", ".join(_literal(each) for each in holdout.classes)
        right = f"element_at({PROBABILITIES}, cast(array_position(array({labels}), {target}) as int))"
        merit = f"avg(ln(greatest({right}, 1e-15)))"
    merits = said.groupBy("_feature", "_repeat").agg(_expression(f"{merit} as merit"))
    whole = merits.where("_feature = ''").selectExpr("merit as whole")
    lost = merits.where("_feature <> ''").crossJoin(whole)
    metric = default_metric(holdout.task)
    return (
        lost.groupBy("_feature")
        .agg(_expression("avg(whole - merit) as importance"), _expression("stddev_pop(whole - merit) as std"))
        .selectExpr("_feature as feature", "importance", "std", f"'{metric}' as metric")
        .orderBy("importance", ascending=False)
    )


def _shuffled(table: pa.Table, features: Sequence[Feature]) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    source = np.random.default_rng(0)

    def marked(part: pa.Table, feature: str, repeat: int) -> pa.Table:
        part = part.append_column("_feature", pa.array([feature] * part.num_rows))
        return part.append_column("_repeat", pa.array([repeat] * part.num_rows))

    parts = [marked(table, "", 0)]
    for each in features:
        position = table.schema.get_field_index(each.name)
        for repeat in range(REPEATS):
            order = pa.array(source.permutation(table.num_rows))
            mixed = table.set_column(
                position, table.schema.field(position), table.column(position).take(order)
            )
            parts.append(marked(mixed, each.name, repeat))
    return pa.concat_tables(parts)


def _literal(value: Json) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return (
        f"cast({value} as bigint)" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )


def _expression(text: str) -> Any:
    from pyspark.sql import functions as f

    return f.expr(text)
