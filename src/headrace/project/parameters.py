"""Values of parameters: from text or plain values to the declared type, within the declared bounds."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from headrace.core import Issue, Json, Parameter, Pipeline, Secret, did_you_mean

from .problems import kind_of, show

__all__ = ["BadValue", "convert", "resolve_parameters", "within_bounds"]

INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
TRUE = frozenset(("true", "yes", "on", "1"))
FALSE = frozenset(("false", "no", "off", "0"))
WORDS = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date as 2026-01-31",
    "list": "a list of texts, numbers or true and false",
}


class BadValue(ValueError):
    """A value that the parameter cannot take; the text says why and holds no secret."""


def resolve_parameters(
    pipeline: Pipeline, given: Mapping[str, Json], overlay: Mapping[str, Json]
) -> tuple[dict[str, Any], list[Issue]]:
    """Every parameter's value: ``given`` over the project's ``overlay`` over the default.

    Text becomes the declared type. A date is a ``datetime.date``, a secret is a :class:`Secret`, one without
    a value is ``None``. Names in ``overlay`` that the pipeline does not have are for other pipelines.
    """
    issues = [_unknown(pipeline, name) for name in given if name not in pipeline.parameters]
    values: dict[str, Any] = {}
    for name, parameter in pipeline.parameters.items():
        chosen = next((each for each in (given, overlay) if each.get(name) is not None), None)
        raw = parameter.default if chosen is None else chosen[name]
        values[name] = None
        if raw is None:
            if parameter.required:
                issues.append(_missing(pipeline, name))
            continue
        try:
            values[name] = _finished(name, parameter, convert(parameter, raw, from_text=chosen is not None))
        except BadValue as error:
            issues.append(_at(pipeline, name, "parameter-value", f"Parameter '{name}': {error}."))
    return values, issues


def _unknown(pipeline: Pipeline, name: str) -> Issue:
    known = pipeline.parameters
    hint = did_you_mean(name, known) if known else "The document declares no parameters."
    return Issue("unknown-parameter", f"No parameter {show(name)}.", pipeline.source.file, hint=hint)


def _missing(pipeline: Pipeline, name: str) -> Issue:
    message, hint = f"The parameter '{name}' needs a value.", f"Give it as -p {name}=…."
    return _at(pipeline, name, "missing-parameter", message, hint)


def _at(pipeline: Pipeline, name: str, code: str, message: str, hint: str | None = None) -> Issue:
    place = ("parameters", name)
    return pipeline.issue(code, message, field=".".join(place), path=place, hint=hint)


def _finished(name: str, parameter: Parameter, value: Any) -> Any:
    if parameter.secret:
        return Secret(name, value)
    return dt.date.fromisoformat(value) if parameter.type == "date" else value


def convert(parameter: Parameter, raw: Json, *, from_text: bool = False) -> Any:
    """``raw`` as the parameter's type: plain JSON, dates as ISO text. Raises :class:`BadValue`.

    With ``from_text`` a text is read (``"5"`` is the integer 5); in a document it has to be what it is.
    """
    value = _TYPES[parameter.type](parameter, raw, from_text)
    if isinstance(value, list):
        for each in value:
            _check_choice(parameter, each)
    else:
        _check_choice(parameter, value)
    within_bounds(parameter, value)
    return value


def _check_choice(parameter: Parameter, value: Any) -> None:
    if parameter.choices is not None and value not in parameter.choices:
        words = ", ".join(_shown(parameter, each) for each in parameter.choices[:20])
        raise BadValue(f"{_shown(parameter, value)} is not one of {words}")


def within_bounds(parameter: Parameter, value: Any) -> None:
    """Nothing, or :class:`BadValue` when the value is below the minimum or above the maximum."""
    low, high = parameter.minimum, parameter.maximum
    if low is not None and value < low:
        raise BadValue(f"{_shown(parameter, value)} is below its minimum {_shown(parameter, low)}")
    if high is not None and value > high:
        raise BadValue(f"{_shown(parameter, value)} is above its maximum {_shown(parameter, high)}")


def _shown(parameter: Parameter, value: Any) -> str:
    if parameter.secret:
        return "the value"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return show(value) if isinstance(value, str) else json.dumps(value)


def _refuse(parameter: Parameter, raw: Json) -> BadValue:
    shown = "the value" if parameter.secret else show(raw) if isinstance(raw, str) else kind_of(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and not parameter.secret:
        shown = str(raw)[:40]
    return BadValue(f"{shown} is not {WORDS[parameter.type]}")


def _string(parameter: Parameter, raw: Json, from_text: bool) -> str:
    del from_text
    if not isinstance(raw, str):
        raise BadValue(f"{_refuse(parameter, raw)} (quotes make it text)")
    return raw


def _integer(parameter: Parameter, raw: Json, from_text: bool) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if from_text and isinstance(raw, str) and INTEGER.fullmatch(raw.strip()):
        return int(raw)
    raise _refuse(parameter, raw)


def _number(parameter: Parameter, raw: Json, from_text: bool) -> int | float:
    if isinstance(raw, str) and from_text:
        raw = _float(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not _is_finite(raw):
        raise _refuse(parameter, raw)
    return float(raw)


def _float(text: str) -> float | str:
    try:
        return float(text) if "_" not in text else text
    except ValueError:
        return text


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _boolean(parameter: Parameter, raw: Json, from_text: bool) -> bool:
    if isinstance(raw, bool):
        return raw
    if from_text and isinstance(raw, str) and raw.strip().casefold() in TRUE | FALSE:
        return raw.strip().casefold() in TRUE
    raise _refuse(parameter, raw)


def _date(parameter: Parameter, raw: Json, from_text: bool) -> str:
    del from_text
    if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw.isoformat()
    try:
        if isinstance(raw, str) and len(raw.strip()) == len("2026-01-31"):
            return dt.date.fromisoformat(raw.strip()).isoformat()
    except ValueError:
        pass
    raise _refuse(parameter, raw)


def _list(parameter: Parameter, raw: Json, from_text: bool) -> list[Json]:
    if isinstance(raw, str) and from_text:
        raw = _split(parameter, raw)
    if not isinstance(raw, list | tuple):
        raise _refuse(parameter, raw)
    for each in raw:
        if not isinstance(each, str | int | float) or (isinstance(each, float) and not math.isfinite(each)):
            raise _refuse(parameter, list(raw))
    return list(raw)


def _split(parameter: Parameter, text: str) -> Json:
    """``[1, 2]`` is JSON; ``a,b`` is texts, or numbers where the default or the choices are numbers."""
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise BadValue(f"{show(text)} begins like JSON, but it is not a JSON list") from None
    if not text.strip():
        return []
    sample = parameter.choices or parameter.default or ()
    item = Parameter(type=_item_type(sample))
    return [convert(item, each.strip(), from_text=True) for each in text.split(",")]


def _item_type(sample: Any) -> Any:
    kinds = {type(each) for each in sample}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"


_TYPES = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "list": _list,
}
