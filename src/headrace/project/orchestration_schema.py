"""The shape of an orchestration: what starts it, its tasks, and bounded loops over them."""

from __future__ import annotations

from typing import Any

__all__ = ["orchestration_schema"]

NAMES = {"pattern": "^[A-Za-z0-9_-]{1,100}$"}
TEXT = {"type": "string", "minLength": 1}
NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"}
DURATION = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)?(s|m|h|d)$",
    "description": "A number with s, m, h or d: '30s', '2h'.",
}
PARAMETERS = {"type": "object", "description": "Values for the job's parameters."}
CONDITION = {**TEXT, "description": "A condition over outcomes and metrics: 'train.metrics.r2 >= 0.85'."}


def orchestration_schema() -> dict[str, Any]:
    """The schema, without its draft."""
    return {
        "title": "Headrace orchestration",
        "description": "What starts jobs, in which order they run, and what depends on their outcome.",
        "type": "object",
        "required": ["headrace", "kind", "name", "tasks"],
        "additionalProperties": False,
        "properties": {
            "headrace": {"const": 1, "description": "The version of the document."},
            "kind": {"const": "orchestration", "description": "The kind of the document."},
            "name": {**TEXT, "maxLength": 200, "description": "The orchestration's name."},
            "description": {"type": "string", "description": "What it is for."},
            "triggers": {
                "type": "object",
                "description": "What starts it, by name. Without one, it starts by hand.",
                "propertyNames": NAMES,
                "additionalProperties": {"$ref": "#/$defs/trigger"},
            },
            "tasks": {
                "type": "object",
                "description": "What it does, by name.",
                "minProperties": 1,
                "propertyNames": NAMES,
                "additionalProperties": {"$ref": "#/$defs/task"},
            },
            "repeat": {
                "type": "object",
                "description": "Bounded loops over tasks, by name.",
                "propertyNames": NAMES,
                "additionalProperties": {"$ref": "#/$defs/loop"},
            },
            "layout": {"type": "object", "description": "Positions, groups and notes of a drawing."},
        },
        "$defs": {"trigger": _by_type(_triggers()), "task": _by_type(_tasks()), "loop": _loop()},
    }


def _by_type(variants: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(variants)}},
        "allOf": [
            {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": schema}
            for name, schema in variants.items()
        ],
    }


def _variant(
    description: str, required: tuple[str, ...] = (), common: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    shared = {"description": {"type": "string"}, "disabled": {"type": "boolean"}}
    return {
        "description": description,
        "properties": {"type": True, **shared, **(common or {}), **fields},
        "required": list(required),
        "additionalProperties": False,
    }


def _triggers() -> dict[str, dict[str, Any]]:
    common = {"parameters": PARAMETERS}
    return {
        "file_arrival": _variant(
            "Starts once for each version of a file that matches.",
            ("path",),
            common,
            path={**TEXT, "description": "A location with patterns: 's3://raw/*.csv'."},
            connection=TEXT,
            settled_for=DURATION,
        ),
        "cron": _variant(
            "Starts at times.",
            ("schedule",),
            common,
            schedule={
                "type": "string",
                "pattern": r"^\S+( \S+){4}$",
                "description": "Minute, hour, day of month, month, day of week.",
            },
            time_zone={**TEXT, "default": "UTC"},
        ),
        "webhook": _variant("Starts when its address is called.", (), common, secret=TEXT),
        "after": _variant(
            "Starts after another job.",
            ("job",),
            common,
            job=TEXT,
            outcome={"enum": ["finished", "failed", "any"], "default": "finished"},
        ),
        "manual": _variant("Starts by hand.", (), common),
    }


def _tasks() -> dict[str, dict[str, Any]]:
    common = {
        "after": {
            "description": "Tasks that have to end first.",
            "anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}],
        },
        "when": CONDITION,
    }
    return {
        "run": _variant(
            "Runs a pipeline.",
            ("pipeline",),
            common,
            pipeline={**TEXT, "description": "The pipeline's file, from the project's folder."},
            parameters=PARAMETERS,
            engine=TEXT,
            timeout=DURATION,
            retries={"type": "integer", "minimum": 0},
        ),
        "wait": _variant(
            "Waits for a time, or until a condition holds.",
            (),
            common,
            seconds={"type": "number", "minimum": 0},
            until=CONDITION,
            timeout=DURATION,
        ),
        "branch": _variant(
            "Goes on with one task or another.",
            ("if", "then"),
            common,
            **{"if": CONDITION, "then": NAME, "else": NAME},
        ),
        "notify": _variant(
            "Tells somebody.", ("to", "message"), common, to=TEXT, message=TEXT, connection=TEXT
        ),
    }


def _loop() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Runs tasks again, with other parameters, until a condition holds.",
        "required": ["tasks", "until", "at_most"],
        "additionalProperties": False,
        "properties": {
            "tasks": {"type": "array", "items": NAME, "minItems": 1},
            "until": CONDITION,
            "at_most": {"type": "integer", "minimum": 1, "maximum": 1000},
            "parameters": {
                "type": "array",
                "description": "Values for each time round, in order.",
                "items": {"type": "object"},
            },
        },
    }
