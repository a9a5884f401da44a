"""The result of a run: what ``run --json`` prints. Fields are added, never renamed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import TypeAdapter

from headrace.core import Issue, Json, Output, Value

__all__ = ["ErrorInfo", "ModelInfo", "PromotionInfo", "RunResult", "StageResult", "result_schema"]


class StageResult(Value):
    """One stage of a run; counts are exact or ``null``."""

    name: str
    type: str
    state: Literal["waiting", "running", "finished", "failed", "cancelled", "skipped"]
    rows_in: int | None = None
    rows_out: int | None = None
    error_rows: int | None = None
    seconds: float | None = None


class ModelInfo(Value):
    """A model version that the run made; ``run_id`` is the tracking run's."""

    name: str | None
    version: int | None
    metrics: dict[str, Json]
    run_id: str


class PromotionInfo(Value):
    """What a gate decided and why."""

    model: str
    version: int
    decision: Literal["promoted", "kept"]
    when: str
    inputs: dict[str, Json]
    reason: str
    production: int | None


class ErrorInfo(Value):
    """Why a run did not finish; ``kind`` is the error's class."""

    code: str
    message: str
    where: str | None = None
    hint: str | None = None
    kind: str | None = None


class RunResult(Value):
    """Everything a machine may want to know about a run that has ended."""

    run_id: str
    pipeline: str
    state: Literal["running", "finished", "failed", "cancelled"]
    engine: str | None = None
    started: str
    seconds: float
    parameters: dict[str, Json] = {}
    stages: tuple[StageResult, ...] = ()
    outputs: tuple[dict[str, Any], ...] = ()
    models: tuple[ModelInfo, ...] = ()
    promotions: tuple[PromotionInfo, ...] = ()
    error: ErrorInfo | None = None
    issues: tuple[dict[str, Any], ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()
    batches: int | None = None
    """How many batches a stream has published; its stages have the counts of all of them."""
    last_batches: tuple[dict[str, Any], ...] = ()
    """The latest of them; ``outputs`` are those of the last."""


def result_schema() -> dict[str, Any]:
    """JSON Schema of what ``run --json`` prints: every field is always there, later versions may add some."""
    schema = RunResult.model_json_schema(mode="serialization")
    parts = schema["$defs"]
    for name, value in (("outputs", Output), ("issues", Issue)):
        parts[value.__name__] = TypeAdapter(value).json_schema(mode="serialization")
        schema["properties"][name]["items"] = {"$ref": f"#/$defs/{value.__name__}"}
    text = {"type": "string"}
    warning = {"code": text, "message": text, "stage": {"type": ["string", "null"]}}
    parts["Warning"] = {"type": "object", "properties": warning}
    schema["properties"]["warnings"]["items"] = {"$ref": "#/$defs/Warning"}
    for each in (schema, *parts.values()):
        each.pop("additionalProperties", None)
        each["required"] = list(each["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
