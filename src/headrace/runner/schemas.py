"""Columns and types after every stage, known without running: derived, cached, or asked of the engine.

A stage that knows its columns says so; the rest, and those with SQL in them, are called once on empty frames
of the right schema, so that the engine analyzes and nothing is computed, however deep the pipeline. What the
engine said is cached under the stage's configuration and its inputs' schemas, what an origin said under the
version of what it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import (
    ERRORS,
    ColumnType,
    Destination,
    HeadraceError,
    InvalidDocument,
    Issue,
    Origin,
    Run,
    Schema,
    Unavailable,
    WithErrors,
    did_you_mean,
    hinted_values,
)
from headrace.frames.columns import schema_of

from .counting import lane_key, outputs_of
from .execute import call_verb, in_our_words

if TYPE_CHECKING:
    from headrace.compiler import Plan, Step

    from .context import RunContext

__all__ = ["Analysis", "Cache", "analyze", "find_schemas"]

Schemas = dict[str | None, Schema]
ERROR_COLUMNS = ("_error_code", "_error_message", "_error_column")


class Cache(Protocol):
    """Where schemas are remembered; ``storage.state`` keeps one."""

    def get(self, key: str) -> Schema | None:
        """The schema under a key."""

    def put(self, key: str, schema: Schema) -> None:
        """Remembers one."""


@dataclass
class Analysis:
    """What is known: schemas by step and output, and every problem found on the way."""

    schemas: dict[tuple[str, str | None], Schema] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


def analyze(context: RunContext, cache: Cache) -> Analysis:
    """Like :func:`find_schemas` for a run that is about to start. Raises ``InvalidDocument``."""
    analysis = find_schemas(context.plan, lambda step: context.stage(step, purpose="analyse"), cache, context)
    if any(issue.severity == "error" for issue in analysis.issues):
        raise InvalidDocument(analysis.issues)
    return analysis


def find_schemas(plan: Plan, view: Callable[[Step], Run], cache: Cache, context: RunContext) -> Analysis:
    """The columns after every stage of a plan, and the problems that only columns show.

    A stage with a problem ends the analysis of what reads from it: one mistake is one issue.
    Raises ``HeadraceError`` where data cannot be reached at all.
    """
    analysis = Analysis()
    for step in plan.steps:
        inputs = _inputs(plan, step, analysis)
        if inputs is None:
            continue
        found = [*_unknown_columns(plan, step, inputs), *_own_problems(plan, step, inputs)]
        analysis.issues.extend(found)
        if any(issue.severity == "error" for issue in found) or isinstance(step.stage, Destination):
            continue
        try:
            schemas = _schemas(step, inputs, view, cache)
        except HeadraceError as error:
            if isinstance(step.stage, Origin) or isinstance(error, Unavailable):
                error.where = error.where or step.name
                raise
            analysis.issues.append(_engine_issue(plan, step, error, inputs))
            continue
        except Exception as error:
            analysis.issues.append(_engine_issue(plan, step, in_our_words(error, context), inputs))
            continue
        analysis.schemas.update({(step.name, output): schema for output, schema in schemas.items()})
    return analysis


def _inputs(plan: Plan, step: Step, analysis: Analysis) -> dict[str, Schema] | None:
    found = {
        port: analysis.schemas.get(lane_key(plan, lane.stage, lane.output))
        for port, lane in step.inputs.items()
    }
    known = {port: schema for port, schema in found.items() if schema is not None}
    return known if len(known) == len(found) else None


def _unknown_columns(plan: Plan, step: Step, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
    for path, hint, text in hinted_values(step.stage):
        if hint.kind != "column" or not inputs:
            continue
        schema = inputs.get(hint.port) if hint.port else next(iter(inputs.values()))
        if schema is not None and schema.get(text) is None:
            yield plan.pipeline.issue(
                "unknown-column",
                f"No column '{text}' comes in.",
                stage=step.name,
                field=path,
                hint=did_you_mean(text, schema.names) or f"There are {len(schema)} columns.",
            )


def _own_problems(plan: Plan, step: Step, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
    for issue in step.stage.problems(inputs):
        path = ("stages", step.name, *(issue.field or "").split("."))
        yield issue.at(stage=step.name, file=plan.pipeline.source.file, line=plan.pipeline.source.line(*path))


def _schemas(step: Step, inputs: Mapping[str, Schema], view: Callable[[Step], Run], cache: Cache) -> Schemas:
    derived = step.stage.columns_after(inputs)
    if derived is not None and (step.stage.eager or not _has_sql(step)):
        named: Schemas = {}
        named.update(derived if isinstance(derived, Mapping) else dict.fromkeys(outputs_of(step), derived))
        if step.on_error == "route" and ERRORS not in named and inputs:
            named[ERRORS] = _with_error_columns(next(iter(inputs.values())))
        return named
    if step.stage.eager:
        return {}  # only its code knows, and analysis runs no code
    run = view(step)
    keys = _cache_keys(step, inputs, run)
    cached = {output: cache.get(key) for output, key in keys.items()}
    if cached and all(schema is not None for schema in cached.values()):
        return {output: schema for output, schema in cached.items() if schema is not None}
    asked = _ask(step, inputs, run)
    for output, key in keys.items():
        if output in asked:
            cache.put(key, asked[output])
    return asked


def _has_sql(step: Step) -> bool:
    """Only the engine can say whether SQL makes sense, even where the columns after it are plain."""
    return any(hint.kind == "sql" for _, hint, _ in hinted_values(step.stage))


def _with_error_columns(schema: Schema) -> Schema:
    return Schema((*schema.columns, *(ColumnType(name, "string") for name in ERROR_COLUMNS)))


def _cache_keys(step: Step, inputs: Mapping[str, Schema], run: Run) -> dict[str | None, str]:
    version = step.stage.input_version(run) if isinstance(step.stage, Origin) else ""
    if version is None:
        return {}
    outputs = (*outputs_of(step), ERRORS) if step.on_error == "route" else outputs_of(step)
    what = {
        "type": step.type,
        "config": step.stage.model_dump(mode="json"),
        "inputs": {port: schema.to_json() for port, schema in inputs.items()},
        "engine": run.engine,
        "version": version,
        "on_error": step.on_error,
    }
    digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()
    return {output: f"{digest}/{output or ''}" for output in dict.fromkeys(outputs)}


def _ask(step: Step, inputs: Mapping[str, Schema], run: Run) -> Schemas:
    frames = {port: run.session.createDataFrame([], schema.ddl()) for port, schema in inputs.items()}
    result: Any = call_verb(step, frames, run)
    found: dict[str | None, Any] = {}
    if isinstance(result, WithErrors):
        found[ERRORS] = result.rejected
        result = result.frame
    found |= dict(result) if isinstance(result, Mapping) else dict.fromkeys(outputs_of(step), result)
    return {output: schema_of(frame) for output, frame in found.items()}


def _engine_issue(plan: Plan, step: Step, error: HeadraceError, inputs: Mapping[str, Schema]) -> Issue:
    """An engine's complaint at the field whose SQL it is about, as far as the names in it tell."""
    sql = [(path, text) for path, hint, text in hinted_values(step.stage) if hint.kind == "sql"]
    quoted = [part for part in error.message.replace("`", "'").split("'")[1::2] if part]
    about = [path for path, text in sql if any(part in text for part in quoted)]
    field_path = about[0] if about else sql[0][0] if len(sql) == 1 else None
    hint = error.hint
    if error.code == "unknown-column" and quoted:
        known = {name for schema in inputs.values() for name in schema.names}
        hint = did_you_mean(quoted[0].rpartition(".")[2], known) or hint
    return plan.pipeline.issue(error.code, error.message, stage=step.name, field=field_path, hint=hint)
