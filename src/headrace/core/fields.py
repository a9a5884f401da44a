"""Field types a form can draw and the compiler understands.

A stage annotates its fields with these instead of ``str``: a form then offers the upstream columns,
the compiler checks that a column exists, and a parameter inside SQL becomes a typed literal. They change
nothing at run time: a ``Column`` is a ``str``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.fields import FieldInfo
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
    "rewrite",
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
    found: list[tuple[str, Hint, str]] = []

    def note(path: str, hint: Hint | None, text: str) -> str:
        if hint is not None:
            found.append((path, hint, text))
        return text

    rewrite(type(model), model, note)
    yield from found


def rewrite(
    annotation: Any, value: Any, change: Callable[[str, Hint | None, str], Any], path: str = ""
) -> Any:
    """``value`` with every text in it, keys that carry a hint included, put through ``change``.

    ``value`` is what ``annotation`` (a type, or a model class) describes, bound or as read from a document;
    ``change(path, hint, text)`` gives the replacement.
    """
    if isinstance(value, str):
        return change(path, hint_of(annotation), value)
    if isinstance(value, BaseModel):
        annotation, value = type(value), {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return _rewrite_mapping(annotation, value, change, path)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        (item,) = _item_types(annotation, tuple, 1)
        return [rewrite(item, each, change, _join(path, index)) for index, each in enumerate(value)]
    return value


def _rewrite_mapping(annotation: Any, value: Mapping[Any, Any], change: Any, path: str) -> dict[Any, Any]:
    model = _model_of(annotation)
    if model is not None:
        types = {info.alias or name: _annotation(info) for name, info in model.model_fields.items()}
        types |= {name: _annotation(info) for name, info in model.model_fields.items()}
        return {key: rewrite(types.get(key), each, change, _join(path, key)) for key, each in value.items()}
    key_type, value_type = _item_types(annotation, dict, 2)
    changed = {}
    for key, each in value.items():
        hint = hint_of(key_type)
        new_key = change(_join(path, key), hint, key) if hint is not None and isinstance(key, str) else key
        changed[new_key] = rewrite(value_type, each, change, _join(path, key))
    return changed


def _join(path: str, part: object) -> str:
    return f"{path}.{part}" if path else str(part)


def _annotation(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def hint_of(annotation: Any) -> Hint | None:
    """The hint of a text annotation, looked for inside ``Annotated`` and unions."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return next((mark for mark in marks if isinstance(mark, Hint)), None) or hint_of(inner)
    return next(filter(None, map(hint_of, _members(annotation))), None)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_of, _members(annotation))), None)


def _item_types(annotation: Any, container: type, count: int) -> tuple[Any, ...]:
    """The item annotations of the first ``container`` found in an annotation."""
    wanted = (dict, Mapping) if container is dict else (tuple, list, Sequence)
    if get_origin(annotation) in wanted:
        return get_args(annotation)[:count]
    unknown = (None,) * count
    found = (_item_types(each, container, count) for each in _members(annotation))
    return next((each for each in found if each != unknown), unknown)


def _members(annotation: Any) -> tuple[Any, ...]:
    """What a union or ``Annotated`` is made of."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return get_args(annotation)[:1]
    return get_args(annotation) if origin in (Union, UnionType) else ()
