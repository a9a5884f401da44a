"""The ``parameters:`` block: every definition checked against itself."""

from __future__ import annotations

import re
from typing import Any, get_args

from headrace.core import Json, Parameter

from .parameters import BadValue, convert
from .problems import Problems, show

__all__ = ["read_parameters"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
KEYS = tuple(Parameter.model_fields)
TYPES: tuple[str, ...] = get_args(Parameter.model_fields["type"].annotation)
BOUNDED = ("integer", "number", "date")
REFERENCE = re.compile(r"\$\{(?:secret|env):[^{}]+\}")


def read_parameters(raw: Json, problems: Problems) -> dict[str, Parameter]:
    """The definitions by name. One with a problem is kept, as far as it is sound."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        hint = "Write each as 'name: {type: …, default: …}'."
        problems.wrong_type("'parameters'", raw, "a mapping", "parameters", hint=hint)
        return {}
    return {name: _definition(name, plain, problems) for name, plain in raw.items()}


def _definition(name: str, plain: Json, problems: Problems) -> Parameter:
    place = ("parameters", name)
    if not NAME.fullmatch(name):
        message = f"{show(name)} cannot name a parameter."
        hint = "Use letters, digits and '_', and begin with a letter."
        problems.add("invalid-name", message, *place, hint=hint)
    if not isinstance(plain, dict):
        hint = "Write '{type: string, default: …}'."
        problems.wrong_type(f"The parameter {show(name)}", plain, "a mapping", *place, hint=hint)
        return Parameter()
    problems.unknown_keys(plain, KEYS, "A parameter", *place)
    sound = _plain_keys(plain, problems, place)
    parameter = Parameter(**sound)
    if "type" in plain and "type" not in sound:  # nothing else can be judged
        return parameter
    parameter = _with_bounds(parameter, plain, problems, place)
    parameter = _with_choices(parameter, plain.get("choices"), problems, place)
    return _with_default(parameter, plain.get("default"), problems, place)


def _plain_keys(plain: dict[str, Json], problems: Problems, place: tuple[str, str]) -> dict[str, Any]:
    sound: dict[str, Any] = {}
    if "type" in plain and problems.one_of(plain["type"], TYPES, "The parameter's type", *place, "type"):
        sound["type"] = plain["type"]
    for key in ("required", "secret"):
        if key in plain:
            if isinstance(plain[key], bool):
                sound[key] = plain[key]
            else:
                problems.wrong_type(f"'{key}'", plain[key], "true or false", *place, key)
    if plain.get("description") is not None:
        if isinstance(plain["description"], str):
            sound["description"] = plain["description"]
        else:
            problems.wrong_type("'description'", plain["description"], "text", *place, "description")
    if sound.get("secret") and sound.get("type", "string") != "string":
        message = f"A secret parameter is text, so its type cannot be '{sound['type']}'."
        problems.add("invalid-parameter", message, *place, "secret")
        sound["secret"] = False
    return sound


def _with_bounds(
    parameter: Parameter, plain: dict[str, Json], problems: Problems, place: tuple[str, str]
) -> Parameter:
    bounds: dict[str, Any] = {}
    for key in ("minimum", "maximum"):
        if plain.get(key) is None:
            continue
        if parameter.type not in BOUNDED:
            message = f"A parameter of type '{parameter.type}' has no '{key}'; {', '.join(BOUNDED)} have."
            problems.add("invalid-parameter", message, *place, key)
            continue
        bound = _bound(parameter, plain[key])
        if bound is None:
            message = f"'{key}' is not {'a date' if parameter.type == 'date' else 'a number'}."
            problems.add("invalid-parameter", message, *place, key)
        else:
            bounds[key] = bound
    if len(bounds) == 2 and bounds["minimum"] > bounds["maximum"]:
        message = f"'minimum' ({plain['minimum']}) is above 'maximum' ({plain['maximum']})."
        problems.add("invalid-parameter", message, *place, "minimum")
        return parameter
    return parameter.model_copy(update=bounds)


def _bound(parameter: Parameter, raw: Json) -> float | str | None:
    kind = "date" if parameter.type == "date" else "number"
    try:
        bound: float | str = convert(Parameter(type=kind), raw)
    except BadValue:
        return None
    return bound


def _with_choices(
    parameter: Parameter, choices: Json, problems: Problems, place: tuple[str, str]
) -> Parameter:
    if choices is None:
        return parameter
    if not isinstance(choices, list) or not choices:
        problems.add("invalid-parameter", "'choices' is a list of at least one value.", *place, "choices")
        return parameter
    taken: list[Json] = []
    for index, each in enumerate(choices):
        try:
            if parameter.type == "list":
                taken.extend(convert(parameter, [each]))
            else:
                taken.append(convert(parameter, each))
        except BadValue as error:
            problems.add("invalid-parameter", f"A choice: {error}.", *place, "choices", str(index))
    return parameter.model_copy(update={"choices": tuple(taken)}) if taken else parameter


def _with_default(
    parameter: Parameter, default: Json, problems: Problems, place: tuple[str, str]
) -> Parameter:
    if default is None:
        return parameter
    if parameter.required:
        message = "A parameter with a default always has a value, so 'required' says nothing."
        problems.add("invalid-parameter", message, *place, "required", hint="Remove one of the two.")
    if parameter.secret and not (isinstance(default, str) and REFERENCE.fullmatch(default)):
        message = "A secret written into the document is no secret."
        problems.add("invalid-parameter", message, *place, "default", hint="Write '${secret:NAME}'.")
        return parameter
    try:
        return parameter.model_copy(update={"default": convert(parameter, default)})
    except BadValue as error:
        problems.add("invalid-parameter", f"The default: {error}.", *place, "default")
        return parameter
