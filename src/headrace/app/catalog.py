"""Stages as their users see them: types, ports, outputs, fields; the shapes of what is read and printed."""

from __future__ import annotations

from typing import Any

from headrace.core import InvalidCall, Origin, StageEntry, all_stages, did_you_mean, find_stage

__all__ = ["json_schema", "list_stages", "show_stage"]

RUN_RESULT = "run-result"


def json_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of ``pipeline``, ``orchestration`` or ``run-result``. Raises ``InvalidCall`` for others."""
    if kind == RUN_RESULT:
        from headrace.runner import result_schema

        return result_schema()
    from headrace.project import SCHEMA_KINDS, document_schema

    if kind in SCHEMA_KINDS:
        return document_schema(kind)
    hint = did_you_mean(kind, [*SCHEMA_KINDS, RUN_RESULT])
    raise InvalidCall("unknown-schema", f"There is no schema of '{kind:.60}'.", hint=hint)


def list_stages(search: str = "") -> list[StageEntry]:
    """Stages whose type or summary contains ``search``."""
    wanted = search.casefold()
    return [each for each in all_stages() if wanted in each.name or wanted in each.summary.casefold()]


def show_stage(type_name: str) -> dict[str, Any]:
    """One stage, JSON-ready. Raises ``InvalidCall`` with a suggestion."""
    entry = find_stage(type_name)
    stage = entry.stage
    schema = stage.model_json_schema()
    required = set(schema.get("required", ()))
    return {
        "type": entry.name,
        "summary": entry.summary,
        "description": (stage.__doc__ or "").strip(),
        "inputs": [] if issubclass(stage, Origin) else _inputs(entry),
        "outputs": list(stage.outputs),
        "needs": sorted(stage.needs),
        "on_error": stage.rejects,
        "fields": [
            {
                "name": name,
                "type": _type(field, schema.get("$defs", {})),
                "required": name in required,
                "default": field.get("default"),
                "description": field.get("description", ""),
                "examples": field.get("examples", []),
            }
            for name, field in schema.get("properties", {}).items()
        ],
        "schema": schema,
    }


def _inputs(entry: StageEntry) -> list[str]:
    ports = entry.stage.ports()
    names = [f"{name}?" if number >= ports.required else name for number, name in enumerate(ports.names)]
    return [*names, *(["…"] if ports.variadic or ports.named else [])]


def _type(field: dict[str, Any], defs: dict[str, Any]) -> str:
    """A field's JSON Schema in a few words: ``integer``, ``list of column``, ``text or mapping``."""
    if "$ref" in field:
        return _type(defs.get(field["$ref"].rpartition("/")[2], {}), defs)
    if "anyOf" in field:
        return " or ".join(
            dict.fromkeys(_type(each, defs) for each in field["anyOf"] if each.get("type") != "null")
        )
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    mark = str(field.get("x-headrace", {}).get("kind", ""))
    if mark:
        return {"sql": "SQL", "new_column": "new column", "gate": "condition"}.get(mark, mark)
    kind = str(field.get("type", "any"))
    if kind == "array":
        return f"list of {_type(field.get('items', {}), defs)}"
    if kind == "object":
        inner = field.get("additionalProperties")
        return f"mapping to {_type(inner, defs)}" if isinstance(inner, dict) else "mapping"
    return {"string": "text"}.get(kind, kind)
