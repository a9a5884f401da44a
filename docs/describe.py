"""Markdown about things that describe themselves: stages, settings, connections."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from markup import fence, page, prose, table
from pydantic import BaseModel

from headrace.core import Hint, Secret

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from headrace.core import Stage, StageEntry

HINTED = {
    "column": "column",
    "new_column": "new column",
    "pattern": "column or pattern",
    "sql": "SQL",
    "gate": "gate expression",
    "code": "Python",
    "location": "path or URL",
    "connection": "connection",
}
PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Secret: "secret",
    Any: "any value",
    NoneType: "null",
}
BOUNDS = {
    Ge: ("ge", "at least"),
    Gt: ("gt", "above"),
    Le: ("le", "at most"),
    Lt: ("lt", "below"),
    MinLen: ("min_length", "at least this many:"),
    MaxLen: ("max_length", "at most this many:"),
}


def stage_page(entry: StageEntry) -> str:
    """The reference page of a stage."""
    stage = entry.stage
    parts = [
        f"# {entry.name}",
        prose(stage.__doc__),
        "\n".join(_facts(stage)),
        "## Example",
        fence("yaml", _example(entry)),
        "## Fields",
        "Besides these, every stage has `type`, `description` and `disabled`: "
        "see [Pipeline documents](../pipeline-documents.md).",
        *model_parts(stage),
    ]
    return page(parts)


def _facts(stage: type[Stage]) -> Iterator[str]:
    ports = stage.ports()
    if stage.verb != "read":
        names = [f"`{name}`" for name in ports.names]
        if ports.variadic:
            names.append("any number of inputs, by position")
        if ports.named:
            names.append("any number of inputs, by name")
        yield f"- **Inputs:** {', '.join(names)}"
    if stage.verb != "write":
        named = ", ".join(f"`{name}`" for name in stage.outputs)
        default = f" (`from: stage` means `{stage.default_output}`)" if stage.default_output else ""
        yield f"- **Outputs:** {named + default if named else 'one frame'}"
    if stage.rejects:
        yield "- **Error rows:** `on_error: stop`, `discard` or `route` says what happens to a row that fails"
    if stage.needs:
        yield f"- **Needs of the engine:** {', '.join(sorted(stage.needs))}"
    if stage.aliases:
        yield f"- **Also known as:** {', '.join(f'`{name}`' for name in stage.aliases)}"


def _example(entry: StageEntry) -> str:
    """A stage as a document writes it: every required field, and every field with an example."""
    import io

    from ruamel.yaml import YAML

    config: dict[str, Any] = {"type": entry.name}
    ports = entry.stage.ports()
    if entry.stage.verb != "read":
        required = ports.names[: max(ports.required, 1)]
        names = dict(zip(required, ("left", "right", "third"), strict=False)) if len(required) > 1 else {}
        config["from"] = names or (["first", "second"] if ports.variadic and not required else "load")
    for name, info in entry.stage.model_fields.items():
        if info.examples:
            config[info.alias or name] = info.examples[0]
        elif info.is_required():
            config[info.alias or name] = "…"
    out = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump({entry.name.partition(".")[2]: config}, out)
    return out.getvalue()


def model_parts(model: type[BaseModel], level: int = 3) -> list[str]:
    """A table of a model's fields, then one for each model inside it."""
    parts = [fields_table(model)]
    for inner in _inner_models(model):
        parts += [
            f"{'#' * level} {inner.__name__}",
            prose(inner.__doc__),
            fields_table(inner),
        ]
    return parts


def fields_table(model: type[BaseModel]) -> str:
    """Name, type, default and meaning of every field."""
    if not model.model_fields:
        return "It has none."
    said = attribute_docs(model)
    needed_first = sorted(model.model_fields.items(), key=lambda each: not each[1].is_required())
    rows = [
        (f"`{info.alias or name}`", words(_annotation(info)), _default(info), _meaning(info, said.get(name)))
        for name, info in needed_first
        if name != "kind" or info.description  # the heading says it
    ]
    return table(("Field", "Type", "Default", "Meaning"), rows)


def attribute_docs(model: type[Any]) -> dict[str, str]:
    """The text under a field, where a class describes its fields that way; inherited ones included."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not each.__module__.startswith("headrace"):
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(body, ast.ClassDef)
        for before, after in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(before, ast.AnnAssign)
                and isinstance(before.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                found[before.target.id] = str(after.value.value)
    return found


def words(annotation: Any) -> str:
    """A type as a reader of documents would say it: ``list of columns``, ``text``, ``SQL``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        hint = next((each for each in arguments[1:] if isinstance(each, Hint)), None)
        return HINTED[hint.kind] if hint and hint.kind in HINTED else words(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(words(each) for each in arguments if each is not NoneType))
    if _is(origin, Mapping):
        return f"map from {words(arguments[0])} to {words(arguments[1])}"
    if _is(origin, Sequence, set, frozenset):
        return f"list of {words(arguments[0])}"
    if _is(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return PLAIN.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _is(kind: Any, *wanted: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, wanted)


def _annotation(info: FieldInfo) -> Any:
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _inner_models(model: type[BaseModel], seen: set[type] | None = None) -> list[type[BaseModel]]:
    seen = {model} if seen is None else seen
    found: list[type[BaseModel]] = []
    waiting = [_annotation(info) for info in model.model_fields.values()]
    while waiting:
        each = waiting.pop(0)
        if _is(each, BaseModel) and each not in seen:
            seen.add(each)
            found += [each, *_inner_models(each, seen)]
        waiting += [inner for inner in get_args(each) if get_origin(each) is not Literal]
    return found


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or value == "" or isinstance(value, BaseModel):
        return "—"
    return f"`{json.dumps(value, ensure_ascii=False, default=str)}`"


def _meaning(info: FieldInfo, said: str | None) -> str:
    bounds = [
        f"{word} {getattr(mark, attribute)}"
        for mark in info.metadata
        for kind, (attribute, word) in BOUNDS.items()
        if isinstance(mark, kind)
    ]
    text = prose(info.description or said)
    if not text and _is(info.annotation, BaseModel):
        text = prose(info.annotation.__doc__).partition("\n")[0]
    limits = f" ({', '.join(bounds)})" if bounds else ""
    examples = ", ".join(f"`{json.dumps(each, ensure_ascii=False)}`" for each in info.examples or ())
    return f"{text}{limits}{f' Example: {examples}' if examples else ''}"
