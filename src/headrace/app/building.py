"""A pipeline built from Python: stages by class, with completion, and lanes by reference.

>>> p = Pipeline("orders")
>>> least = p.parameter("least", 0.0)
>>> load = p.origin("load", origins.Files, path="data/orders.csv")
>>> paid = load.to("paid", processors.Filter, condition=f"amount > {least}")
>>> paid.to("write", destinations.Files, path="output/orders")
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, ParamSpec

from headrace.core import (
    Destination,
    InvalidCall,
    Json,
    Lane,
    Node,
    OnError,
    Origin,
    Parameter,
    Pipeline,
    Source,
    Stage,
)
from headrace.core import type_of as type_of_stage

__all__ = ["Builder", "Inputs", "Reference", "StageReference"]

P = ParamSpec("P")


class Reference(str):
    """``${name}``: stands in any field, and inside any text, for a value that a run chooses."""

    __slots__ = ()


class Builder:
    """Grows a document stage by stage."""

    def __init__(self, name: str, *, description: str = "", engine: str | None = None) -> None:
        self.value = Pipeline(name, {}, description=description, engine=engine)

    def parameter(
        self,
        name: str,
        default: Json = None,
        *,
        type: Literal["string", "integer", "number", "boolean", "date", "list"] | None = None,  # noqa: A002
        **bounds: Any,
    ) -> Any:
        """Declares a parameter and gives a reference to it, for use in stages.

        The type follows from the default unless given; ``bounds`` are ``minimum``, ``maximum``, ``choices``,
        ``required``, ``secret`` and ``description``.
        """
        kind = type or _type_of(default)
        if bounds.get("choices") is not None:
            bounds["choices"] = tuple(_default(each, kind) for each in bounds["choices"])
        made = Parameter(type=kind, default=_default(default, kind), **bounds)
        self._set(parameters={**self.value.parameters, name: made})
        return Reference("${" + name + "}")

    def origin(
        self, name: str, kind: Callable[P, Origin], /, *_: P.args, **fields: P.kwargs
    ) -> StageReference:
        """Adds an origin; gives a reference that other stages read from."""
        return self._add(name, kind, fields, ())

    def inputs(self, *lanes: StageReference, **ports: StageReference) -> Inputs:
        """Several lanes for one stage: by position, or by port as in ``inputs(left=a, right=b)``."""
        named = tuple(replace(each.lane, port=port) for port, each in ports.items())
        return Inputs(self, (*(each.lane for each in lanes), *named))

    def _add(
        self, name: str, kind: Callable[..., Stage], fields: Mapping[str, Any], inputs: tuple[Lane, ...]
    ) -> StageReference:
        if name in self.value.stages:
            raise InvalidCall(
                "duplicate-stage", f"There is a stage '{name}' already.", hint="Name it otherwise."
            )
        assert isinstance(kind, type)
        assert issubclass(kind, Stage)
        config = {_written(kind, key): _plain(value) for key, value in fields.items()}
        node = Node(name, type_of_stage(kind), config, inputs)
        self._set(stages={**self.value.stages, name: node})
        return StageReference(self, Lane(name), kind)

    def _set(self, **changes: Any) -> None:
        """What was written before no longer says what this is."""
        self.value = replace(self.value, source=Source(), **changes)

    def _change(self, name: str, **changes: Any) -> None:
        node = replace(self.value.stages[name], **changes)
        self._set(stages={**self.value.stages, name: node})


@dataclass(frozen=True)
class Inputs:
    """Lanes that one stage is about to read."""

    builder: Builder
    lanes: tuple[Lane, ...]

    def to(self, name: str, kind: Callable[P, Stage], /, *_: P.args, **fields: P.kwargs) -> StageReference:
        """Adds a stage that reads these lanes."""
        return self.builder._add(name, kind, fields, self.lanes)


@dataclass(frozen=True)
class StageReference:
    """A stage in the document; ``to`` reads from it, ``reference["train"]`` is one of its outputs."""

    builder: Builder
    lane: Lane
    kind: type[Stage]

    def to(self, name: str, kind: Callable[P, Stage], /, *_: P.args, **fields: P.kwargs) -> StageReference:
        """Adds a stage that reads this one."""
        if issubclass(self.kind, Destination):
            raise InvalidCall(
                "reads-from-destination", f"'{self.lane}' is a destination; nothing comes out of it."
            )
        return self.builder._add(name, kind, fields, (self.lane,))

    def __getitem__(self, output: str) -> StageReference:
        return replace(self, lane=replace(self.lane, output=output))

    def options(
        self,
        *,
        description: str | None = None,
        on_error: OnError | None = None,
        cache: bool | None = None,
        disabled: bool | None = None,
    ) -> StageReference:
        """Sets what every stage has besides its own fields."""
        given = {"description": description, "on_error": on_error, "cache": cache, "disabled": disabled}
        self.builder._change(
            self.lane.stage, **{key: value for key, value in given.items() if value is not None}
        )
        return self


def _type_of(default: Json) -> Literal["string", "integer", "number", "boolean", "date", "list"]:
    if isinstance(default, bool):
        return "boolean"
    if isinstance(default, int):
        return "integer"
    if isinstance(default, float):
        return "number"
    if isinstance(default, dt.date):
        return "date"
    return "list" if isinstance(default, list | tuple) else "string"


def _default(value: Json, kind: str) -> Json:
    """As a document holds it: a number is a float, a date is text, a list is a list."""
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _written(kind: type[Stage], name: str) -> str:
    """A field as documents call it: ``read`` for ``read_mode``."""
    field = kind.model_fields.get(name)
    return field.alias or name if field else name


def _plain(value: Any) -> Json:
    """What YAML can hold: models become mappings, tuples lists, references text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True, by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Reference) else value
