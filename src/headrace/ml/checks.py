"""What is wrong with a training before it starts: found from its configuration and the columns alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from headrace.core import InvalidCall, Issue, Schema, Stage, did_you_mean

from .gates.gate import Gate, gate_issues
from .learning.algorithms import LIBRARIES, Learner, parameter_names
from .learning.metrics import METRICS, metric_names
from .learning.search import candidates
from .learning.specification import PREDICTION, PROBABILITY, Specification, possible_tasks, row_schema
from .scoring.rows import Scoring

__all__ = [
    "gate_mistakes",
    "promotion_issues",
    "scoring_issues",
    "training_issues",
    "training_mistakes",
]

NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")


@runtime_checkable
class Training(Protocol):
    """A stage that trains."""

    def specification(self) -> Specification:
        """What it asks for."""


def training_mistakes(spec: Specification) -> Iterator[Issue]:
    """Every problem that shows without any column, with the field to mend."""
    if spec.code is None:
        yield from _parameters(spec)
    yield from _search(spec)
    yield from _search_metric(spec, possible_tasks(spec.task, None))
    yield from _split(spec)
    if spec.target in spec.features:
        yield Issue(
            "target-among-features", f"The target '{spec.target}' is one of the features.", field="features"
        )


def training_issues(spec: Specification, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
    """Every problem with these columns, with the field to mend."""
    columns = inputs["frame"]
    target = columns.get(spec.target)
    kind = target.type if target else None
    if spec.task == "regression" and not (kind is None or kind.startswith(NUMBERS)):
        yield Issue(
            "target-not-numeric",
            f"The target '{spec.target}' is of type {kind}; regression needs numbers.",
            field="target",
            hint="Convert it with processor.convert_types, or set 'task'.",
        )
    yield from _search_metric(spec, possible_tasks(spec.task, kind))
    for name in (PREDICTION, PROBABILITY):
        if columns.get(name) is not None:
            yield Issue(
                "name-taken",
                f"The input has a column '{name}', which the training adds.",
                hint="Rename it before with processor.rename_fields.",
            )


def _parameters(spec: Specification) -> Iterator[Issue]:
    known = parameter_names(spec.algorithm, spec.library)
    if known is None:
        able = [each for each in LIBRARIES if parameter_names(spec.algorithm, each) is not None]
        yield Issue(
            "unsupported-algorithm",
            f"'{spec.library}' has no {spec.algorithm}.",
            field="library",
            hint="These have: " + ", ".join(able) + ".",
        )
        return
    for name in spec.parameters:
        if name not in known:
            yield Issue(
                "unknown-hyperparameter",
                f"A {spec.algorithm} of {spec.library} has no '{name}'.",
                field=name,
                hint="It has " + ", ".join(known) + ".",
            )
    for name in spec.search:
        if name not in known:
            yield Issue(
                "unknown-hyperparameter",
                f"A {spec.algorithm} of {spec.library} has no '{name}' to search over.",
                field=f"search.{name}",
                hint=did_you_mean(name, known),
            )


def _search(spec: Specification) -> Iterator[Issue]:
    if spec.search and not spec.split.folds:
        yield Issue(
            "search-needs-folds",
            "A search compares candidates on folds, and there are none.",
            field="search",
            hint="Set 'cv_folds', for example to 3.",
        )
    try:
        candidates(Learner(spec.algorithm, spec.library, "regression"), spec.search, spec.search_draws)
    except InvalidCall as error:
        yield Issue(error.code, error.message, field="search", hint=error.hint)


def _search_metric(spec: Specification, tasks: tuple[str, ...]) -> Iterator[Issue]:
    if spec.search_metric is not None and spec.search_metric not in metric_names(tasks):
        yield Issue(
            "unknown-metric",
            f"A {' or '.join(tasks)} task has no metric '{spec.search_metric}'.",
            field="search_metric",
            hint=did_you_mean(spec.search_metric, {name for task in tasks for name in METRICS[task]}),
        )


def _split(spec: Specification) -> Iterator[Issue]:
    if spec.split.after is not None and spec.split.time_column is None:
        yield Issue(
            "time-column-missing",
            "'holdout_after' is a moment, and no column says when a row was.",
            field="holdout_after",
            hint="Set 'time_column'.",
        )
    if spec.split.time_column is not None and spec.split.by:
        yield Issue("conflicting-fields", "A split goes by time or by keys, not by both.", field="split_by")


def gate_mistakes(gate: Gate, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterator[Issue]:
    """What is wrong with a gate right behind a training, which may yet turn out to be of any task."""
    found = sources.get("frame")
    if found is not None and isinstance(found[0], Training) and found[1] in (None, "model"):
        spec = found[0].specification()
        yield from promotion_issues(gate, row_schema(possible_tasks(spec.task, None), spec.split.folds))


def promotion_issues(gate: Gate, columns: Schema) -> Iterator[Issue]:
    """What is wrong with a gate behind an output with these columns."""
    missing = [name for name in ("model", "version", "tracking_run") if columns.get(name) is None]
    if missing:
        yield Issue(
            "not-a-training",
            f"The input has no column '{missing[0]}', so it is not the row of a training.",
            hint="Connect it with an ml.train_model or ml.train_code.",
        )
        return
    numbers = [each.name for each in columns if each.type.startswith(NUMBERS) and each.name != "version"]
    yield from gate_issues(gate, numbers)


def scoring_issues(scoring: Scoring, columns: Schema) -> Iterator[Issue]:
    """Added columns that are there already."""
    for name in scoring.added:
        if columns.get(name) is not None:
            yield Issue(
                "name-taken",
                f"The input has a column '{name}' already.",
                hint="Name the added columns with 'prediction', 'version_column' and 'probability'.",
            )
