"""JSON Schema (draft 2020-12) of documents, so that editors complete and check them."""

from __future__ import annotations

from typing import Any, Literal, get_args

from headrace.core import (
    OnError,
    Origin,
    Parameter,
    Stage,
    all_stages,
)

from .documents import COUNTS, ENGINES, MODES
from .orchestration_schema import orchestration_schema

__all__ = ["SCHEMA_KINDS", "document_schema"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_KINDS: tuple[Literal["pipeline", "orchestration"], ...] = ("pipeline", "orchestration")
REFERENCE = {"$ref": "#/$defs/reference"}
ANNOTATIONS = ("title", "description", "default", "examples", "x-headrace")
NAME_PATTERN = "^[A-Za-z0-9_-]{1,100}$"
LANE_PATTERN = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$"


def document_schema(kind: Literal["pipeline", "orchestration"]) -> dict[str, Any]:
    """The schema of ``pipeline`` or ``orchestration`` documents."""
    if kind == "pipeline":
        return {"$schema": DRAFT, **_pipeline()}
    return {"$schema": DRAFT, **orchestration_schema()}


def _pipeline() -> dict[str, Any]:
    definitions: dict[str, Any] = {
        "reference": {
            "type": "string",
            "pattern": r"\$\{",
            "description": "A parameter, as '${name}', or '${env:NAME}', '${run:id}'.",
        },
        "lane": {
            "type": "string",
            "pattern": LANE_PATTERN,
            "description": "A stage, as 'load', or one of its outputs, as 'split.train'.",
        },
        "parameter": _parameter(),
    }
    types: list[dict[str, Any]] = []
    choices: list[dict[str, Any]] = []
    for entry in all_stages():
        names = [entry.name, *entry.stage.aliases]
        definitions[entry.name] = _stage(entry.name, entry.stage, entry.summary)
        types.append({"enum": names, "description": entry.summary})
        condition = {"properties": {"type": {"enum": names}}, "required": ["type"]}
        choices.append({"if": condition, "then": {"$ref": f"#/$defs/{entry.name}"}})
    definitions["stage"] = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"description": "What the stage does.", "anyOf": types}},
        "allOf": choices,
    }
    return {
        "title": "Headrace pipeline",
        "description": "Stages, what each reads from, and the parameters of a run.",
        "type": "object",
        "required": ["headrace", "kind", "name", "stages"],
        "additionalProperties": False,
        "properties": _top_level(),
        "$defs": definitions,
    }


def _top_level() -> dict[str, Any]:
    return {
        "headrace": {"const": 1, "description": "The version of the document."},
        "kind": {"const": "pipeline", "description": "The kind of the document."},
        "name": {"type": "string", "pattern": r"^[^\s].{0,199}$", "description": "The pipeline's name."},
        "description": {"type": ["string", "null"], "description": "What the pipeline is for."},
        "engine": {
            "enum": [*ENGINES, None],
            "description": "The engine to run on, unless the call says otherwise.",
        },
        "mode": {
            "enum": [*MODES, None],
            "description": "Once (batch), or batches of what is new until stopped (streaming).",
            "default": "batch",
        },
        "interval": {
            "type": ["number", "string", "null"],
            "description": "A stream: from one batch to the next, at least.",
            "examples": ["5s", "10m", 0.5],
        },
        "counts": {"enum": [*COUNTS, None], "description": "Where rows are counted.", "default": "stages"},
        "parameters": {
            "type": ["object", "null"],
            "description": "Values that a run may choose, by name.",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": {"$ref": "#/$defs/parameter"},
        },
        "stages": {
            "type": "object",
            "description": "The stages by name.",
            "minProperties": 1,
            "propertyNames": {"pattern": NAME_PATTERN},
            "additionalProperties": {"$ref": "#/$defs/stage"},
        },
        "layout": {
            "type": ["object", "null"],
            "description": "Positions, groups and notes of a drawing; means nothing to a run.",
        },
    }


def _parameter() -> dict[str, Any]:
    schema = Parameter.model_json_schema()
    words = {
        "type": "The type of its values.",
        "default": "The value when none is given.",
        "description": "What the parameter is for.",
        "minimum": "The least value, of an integer, a number or a date.",
        "maximum": "The greatest value, of an integer, a number or a date.",
        "choices": "The only values it takes.",
        "required": "A run has to give a value.",
        "secret": "Its value is hidden everywhere; it is text.",
    }
    for name, text in words.items():
        schema["properties"][name]["description"] = text
    return schema


def _stage(name: str, stage: type[Stage], summary: str) -> dict[str, Any]:
    own = stage.model_json_schema(ref_template=f"#/$defs/{name}/$defs/{{model}}")
    for inner in own.get("$defs", {}).values():
        _allow_inside(inner)
    _allow_inside(own)
    own["properties"] = {**_reserved(stage), **own.get("properties", {})}
    own["required"] = ["type", *own.get("required", [])]
    own |= {"title": name, "description": summary}
    return own


def _reserved(stage: type[Stage]) -> dict[str, Any]:
    lane = {"$ref": "#/$defs/lane"}
    source = {
        "description": "What it reads from: a stage, stages by position, or stages by input.",
        "anyOf": [
            lane,
            {"type": "array", "minItems": 1, "items": lane},
            {"type": "object", "minProperties": 1, "additionalProperties": lane},
        ],
    }
    keys: dict[str, Any] = {
        "type": True,
        "from": source,
        "description": {"type": ["string", "null"], "description": "What the stage is for."},
        "on_error": {"enum": list(get_args(OnError)), "description": "What to do with a row that fails."},
        "max_errors": {
            "type": ["integer", "string", "null"],
            "description": "How many rows may fail in a batch before the run stops: `100`, or `2 %`.",
        },
        "cache": {
            "type": "boolean",
            "description": "Compute its rows once, even if several stages read them.",
        },
        "disabled": {"type": "boolean", "description": "Leave the stage out of every run."},
        "stage_version": {
            "type": "integer",
            "minimum": 1,
            "maximum": stage.stage_version,
            "description": "The version of the stage that its fields were written for.",
        },
    }
    if issubclass(stage, Origin):
        del keys["from"]
    return keys


def _allow_references(schema: Any) -> Any:
    """The schema of a value, with a text that holds ``${…}`` allowed wherever text was not."""
    if not isinstance(schema, dict) or _takes_any_text(schema):
        return schema
    _allow_inside(schema)
    outside = {key: schema.pop(key) for key in ANNOTATIONS if key in schema}
    return {**outside, "anyOf": [schema, REFERENCE]}


def _allow_inside(schema: dict[str, Any]) -> None:
    properties = schema.get("properties", {})
    for name, inner in properties.items():
        properties[name] = _allow_references(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _allow_references(schema[key])
    for key in ("anyOf", "oneOf", "prefixItems"):
        for each in schema.get(key, ()):
            _allow_inside(each)


def _takes_any_text(schema: dict[str, Any]) -> bool:
    if not schema.keys() - set(ANNOTATIONS):
        return True
    if any(_takes_any_text(each) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))):
        return True
    narrowed = schema.keys() & {"enum", "const", "pattern", "format", "minLength", "maxLength"}
    return schema.get("type") == "string" and not narrowed
