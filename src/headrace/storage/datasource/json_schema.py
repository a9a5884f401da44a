"""Schemas as Spark writes them in JSON, as the text of columns that people write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from headrace.core import InvalidCall

__all__ = ["json_columns"]


def json_columns(text: str) -> Iterator[tuple[str, str]]:
    """Names and types of ``{"type": "struct", "fields": [...]}``, or of ``{"name": "type"}``.

    Raises ``InvalidCall`` (``bad-schema``).
    """
    try:
        given = json.loads(text)
    except ValueError as error:
        raise InvalidCall("bad-schema", f"The schema is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise InvalidCall("bad-schema", "A schema in JSON is an object.")
    if given.get("type") == "struct" and isinstance(given.get("fields"), list):
        yield from (_named(each) for each in given["fields"])
    else:
        yield from ((name, _type(kind)) for name, kind in given.items())


def _named(field: Any) -> tuple[str, str]:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str) or "type" not in field:
        raise InvalidCall("bad-schema", "A field of a schema in JSON has a `name` and a `type`.")
    return field["name"], _type(field["type"])


def _type(kind: Any) -> str:
    if isinstance(kind, str):
        return kind
    inner = kind if isinstance(kind, dict) else {}
    if inner.get("type") == "array":
        return f"array<{_type(inner.get('elementType'))}>"
    if inner.get("type") == "map":
        return f"map<{_type(inner.get('keyType'))},{_type(inner.get('valueType'))}>"
    if inner.get("type") == "struct":
        fields = (_named(each) for each in inner.get("fields", ()))
        return "struct<" + ",".join(f"`{name.replace('`', '``')}`:{each}" for name, each in fields) + ">"
    raise InvalidCall("bad-schema", f"{json.dumps(kind)[:200]} is no type of a schema in JSON.")
