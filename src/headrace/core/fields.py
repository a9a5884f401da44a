"""Field types a form can draw and the compiler understands.

A stage annotates its fields with these instead of ``str``: a form then offers the upstream columns,
the compiler checks that a column exists, and a parameter inside SQL becomes a typed literal. They change
nothing at run time: a ``Column`` is a ``str``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "Code",
    "Column",
    "ColumnPattern",
    "Columns",
    "Connection",
    "GateExpression",
    "Hint",
    "Location",
    "NewColumn",
    "SqlExpression",
    "hinted_values",
]

Kind = Literal["column", "new_column", "pattern", "sql", "gate", "code", "location", "connection", "secret"]


@dataclass(frozen=True, slots=True)
class Hint:
    """What a text field means; ``port`` says which input's columns it names (``None``: the first)."""

    kind: Kind
    port: str | None = None
    language: str | None = None

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        marks = {"kind": self.kind, "port": self.port, "language": self.language}
        schema["x-headrace"] = {key: value for key, value in marks.items() if value is not None}
        return schema


Column = Annotated[str, Hint("column")]
"""The name of a column that the input has."""
Columns = tuple[Column, ...]
"""Names of columns that the input has."""
NewColumn = Annotated[str, Hint("new_column")]
"""The name of a column that the stage makes."""
ColumnPattern = Annotated[str, Hint("pattern")]
"""A column name, or a pattern with ``*`` and ``?`` that may match several or none."""
SqlExpression = Annotated[str, Hint("sql", language="sql")]
"""Spark SQL; ``${parameter}`` in it becomes a typed literal, never pasted text."""
GateExpression = Annotated[str, Hint("gate", language="gate")]
"""A condition over metrics in the language of ``headrace.core.expression``."""
Code = Annotated[str, Hint("code", language="python")]
"""Python source; ``${…}`` is not replaced in it, it reads ``parameters["name"]``."""
Location = Annotated[str, Hint("location")]
"""A path or URL: ``data/*.csv``, ``s3://bucket/key``, ``file:///…``."""
Connection = Annotated[str, Hint("connection")]
"""The name of a connection in ``connections.yaml``."""


def hinted_values(model: BaseModel) -> Iterator[tuple[str, Hint, str]]:
    """Every hinted text in a model with its path: ``("rename.mdev", Hint("column"), "mdev")``."""
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        annotation = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        yield from _walk(info.alias or name, annotation, value)


def _walk(path: str, annotation: Any, value: Any) -> Iterator[tuple[str, Hint, str]]:
    if isinstance(value, BaseModel):
        yield from ((f"{path}.{inner}", hint, text) for inner, hint, text in hinted_values(value))
    elif isinstance(value, str):
        hint = hint_of(annotation)
        if hint is not None:
            yield path, hint, value
    elif isinstance(value, Mapping):
        key_type, value_type = _item_types(annotation, dict, 2)
        for key, each in value.items():
            yield from _walk(f"{path}.{key}", key_type, key)
            yield from _walk(f"{path}.{key}", value_type, each)
    elif isinstance(value, Sequence):
        (item_type,) = _item_types(annotation, tuple, 1)
        for index, each in enumerate(value):
            yield from _walk(f"{path}.{index}", item_type, each)


def hint_of(annotation: Any) -> Hint | None:
    """The hint of a text annotation, looked for inside ``Annotated`` and unions."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return next((mark for mark in marks if isinstance(mark, Hint)), None) or hint_of(inner)
    if get_origin(annotation) in (Union, UnionType):
        return next(filter(None, map(hint_of, get_args(annotation))), None)
    return None


def _item_types(annotation: Any, container: type, count: int) -> tuple[Any, ...]:
    """The item annotations of the first ``container`` found in an annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _item_types(get_args(annotation)[0], container, count)
    if origin in (Union, UnionType):
        found = (_item_types(each, container, count) for each in get_args(annotation))
        return next((each for each in found if each != (None,) * count), (None,) * count)
    wanted = (dict, Mapping) if container is dict else (tuple, list, Sequence)
    if origin in wanted:
        return get_args(annotation)[:count]
    return (None,) * count
