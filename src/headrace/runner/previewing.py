"""The first rows before and after a stage. Writes nowhere and leaves no trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headrace.core import Destination, Frame, InvalidCall, UserCodeFailed, did_you_mean, upstream
from headrace.engine import explain_failure
from headrace.frames.columns import schema_of

from .counting import lane_key, outputs_of
from .execute import Execution, call_verb, in_our_words

if TYPE_CHECKING:
    from headrace.compiler import Plan, Step

    from .context import RunContext
    from .request import Request
    from .schemas import Analysis

__all__ = ["collect", "preview"]

SAMPLE_ROWS = 1000
"""Rows that an origin gives a preview, at least; a filter then has something to keep."""


def preview(context: RunContext, request: Request, analysis: Analysis) -> None:
    """Emits one ``preview`` event with the stage's inputs and outputs: schemas, rows and what changed."""
    plan = context.plan
    step = _step(plan, request.stage)
    context.purpose = "preview"
    context.limit = max(SAMPLE_ROWS, request.rows)
    frames = _frames(context, step, analysis)

    def shown(name: str, output: str | None) -> dict[str, Any]:
        frame = frames[name, output]
        schema = analysis.schemas.get((name, output)) or schema_of(frame)
        return {
            "schema": schema.to_json(),
            "rows": _rows(context, frame.limit(request.rows)),
        }

    try:
        inputs = {port: shown(*lane_key(plan, lane.stage, lane.output)) for port, lane in step.inputs.items()}
        outputs = {output or "": shown(step.name, output) for output in outputs_of(step)}
    except Exception as error:
        known = in_our_words(error, context)
        known.where = known.where or step.name
        raise known from error
    note = None if step.stage.previews else "It leaves a trace, so a preview shows its columns only."
    if isinstance(step.stage, Destination):
        note = "A preview writes nothing."
    context.reporter.emit(
        {
            "event": "preview",
            "stage": step.name,
            "type": step.type,
            "inputs": inputs,
            "outputs": outputs,
            "changes": _changes(inputs, outputs),
            "note": note,
        }
    )


def _rows(context: RunContext, frame: Frame) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = context.engine.to_arrow(frame).to_pylist()
    except Exception as error:
        if isinstance(explain_failure(error), UserCodeFailed):
            frame.toArrow()  # slower, and the only way on which the engine says the line of a function
        raise
    return rows


def collect(context: RunContext, request: Request, analysis: Analysis) -> None:
    """Writes all rows of one output to ``request.target``, as an Arrow file."""
    import pyarrow as pa

    name, _, output = (request.stage or "").partition(".")
    step = _step(context.plan, name)
    outputs = outputs_of(step)
    wanted = lane_key(context.plan, step.name, output or None)
    if wanted[1] not in outputs:
        named = [f"{step.name}.{each}" for each in outputs if each]
        raise InvalidCall(
            "unknown-output", f"'{request.stage}' is no output.", hint=did_you_mean(name, named)
        )
    context.purpose = "preview"
    table = context.engine.to_arrow(_frames(context, step, analysis)[wanted])
    with pa.OSFile(request.target, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _frames(context: RunContext, step: Step, analysis: Analysis) -> Mapping[tuple[str, str | None], Frame]:
    """The frames of ``step`` and of all that it needs, without counting and without effects."""
    wanted = upstream(context.plan.graph, step.name) | {step.name}
    execution = Execution(context)
    for each in context.plan.steps:
        if each.name in wanted:
            try:
                _build(execution, each, analysis)
            except Exception as error:
                known = in_our_words(error, context)
                known.where = known.where or each.name
                raise known from error
    return execution.frames


def _step(plan: Plan, name: str | None) -> Step:
    for step in plan.steps:
        if step.name == (name or plan.steps[-1].name):
            return step
    names = [step.name for step in plan.steps]
    raise InvalidCall(
        "unknown-stage-name", f"No stage '{name}' in the document.", hint=did_you_mean(name or "", names)
    )


def _build(execution: Execution, step: Step, analysis: Analysis) -> None:
    """The frames of one stage; columns without rows where its verb would leave a trace."""
    if isinstance(step.stage, Destination):
        return
    context = execution.context
    if not step.stage.previews:
        for output in outputs_of(step):
            ddl = analysis.schemas[step.name, output].ddl()
            execution.frames[step.name, output] = context.engine.session.createDataFrame([], ddl)
        return
    inputs = {
        port: execution.frames[lane_key(context.plan, lane.stage, lane.output)]
        for port, lane in step.inputs.items()
    }
    execution.hand_on(step, call_verb(step, inputs, context.stage(step)))


def _changes(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, list[str]]:
    """Columns that appear, vanish or change type between the first input and the first output."""
    if not inputs or not outputs:
        return {"added": [], "removed": [], "retyped": []}
    before, after = (
        {column["name"]: column["type"] for column in next(iter(side.values()))["schema"]}
        for side in (inputs, outputs)
    )
    return {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "retyped": [
            f"{name}: {before[name]} → {after[name]}"
            for name in after
            if before.get(name, after[name]) != after[name]
        ],
    }
