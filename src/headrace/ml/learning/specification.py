"""What a training stage asks for, without the form around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headrace.core import Json, Schema

from .metrics import METRICS, Task
from .search import Space
from .splits import SplitPlan

__all__ = ["Specification", "possible_tasks", "prediction_columns", "row_schema", "training_outputs"]


@dataclass(frozen=True, slots=True)
class Specification:
    """Target, features, learner, split, search, and what to do with the result."""

    target: str
    split: SplitPlan
    task: Task | None = None
    features: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    algorithm: str = "gradient_boosted_trees"
    library: str = "scikit_learn"
    parameters: Mapping[str, Json] = field(default_factory=dict)
    search: Space = field(default_factory=dict)
    search_draws: int | None = None
    search_metric: str | None = None
    code: str | None = None
    """The user's own training code, instead of an algorithm."""
    requirements: tuple[str, ...] = ()
    register_as: str | None = None
    description: str = ""
    memory_limit: str | None = None
    importance: bool = True
    plots: bool = True


def possible_tasks(task: str | None, target_type: str | None) -> tuple[str, ...]:
    """The tasks that may come out, given what the document says and the target's column type."""
    if task is not None:
        return (task,)
    if target_type is None:
        return tuple(METRICS)
    if target_type.startswith(("float", "double", "decimal")):
        return ("regression",)
    if target_type in ("tinyint", "smallint", "int", "bigint"):
        return ("regression", "binary")
    return ("binary", "multiclass")


def row_columns(tasks: Sequence[str], folds: int) -> dict[str, str]:
    """Columns of the one row that a training gives, with their types; metrics of folds are means."""
    metrics = list(dict.fromkeys(name for task in tasks for name in METRICS[task]))
    columns = dict.fromkeys(("model",), "string") | {"version": "bigint"}
    columns |= dict.fromkeys(("tracking_run", "model_uri", "task", "algorithm", "library"), "string")
    columns |= dict.fromkeys(("train_rows", "holdout_rows", "features"), "bigint") | {
        "train_seconds": "double"
    }
    columns |= dict.fromkeys(metrics, "double")
    if folds:
        columns |= {f"cv_{name}{end}": "double" for name in metrics for end in ("", "_std")}
    return columns


def row_schema(tasks: Sequence[str], folds: int) -> Schema:
    """The same, as a schema."""
    return Schema.of(row_columns(tasks, folds))


PREDICTION = "prediction"
PROBABILITY = "probability"
IMPORTANCE = {"feature": "string", "importance": "double", "std": "double", "metric": "string"}


def prediction_columns(tasks: Sequence[str], target_type: str | None) -> dict[str, str]:
    """The columns that predictions add to the holdout."""
    if "regression" in tasks:
        return {PREDICTION: "double"}
    plain = target_type or "string"
    if plain.startswith(("float", "double", "decimal", "tinyint", "smallint", "int")):
        plain = "bigint"
    return {PREDICTION: plain, PROBABILITY: "double"}


def training_outputs(spec: Specification, columns: Schema) -> dict[str, Schema]:
    """The columns of each output."""
    target = columns.get(spec.target)
    kind = target.type if target else None
    tasks = possible_tasks(spec.task, kind)
    added = Schema.of(prediction_columns(tasks, kind))
    return {
        "model": row_schema(tasks, spec.split.folds),
        "predictions": Schema((*columns, *added)),
        "importance": Schema.of(IMPORTANCE),
    }
