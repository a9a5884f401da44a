"""The ``stages:`` block: each entry as a :class:`Node`, its own fields left for the compiler to bind."""

from __future__ import annotations

import re
from typing import Any, get_args

from headrace.core import Json, Lane, Node, OnError

from .problems import Problems, show

__all__ = ["RESERVED", "STAGE_NAME", "read_lane", "read_stages"]

STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
LANE = re.compile(r"([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_-]+))?")
SHARE = re.compile(r"(100|[0-9]{1,2}(\.[0-9]+)?) ?%")
RESERVED = ("type", "from", "description", "on_error", "max_errors", "cache", "disabled")
"""Keys of a stage that mean the same for every type; ``stage_version`` is one more, kept in its fields."""
LANE_FORMS = "Write 'from: load', 'from: split.train', 'from: [a, b]' or 'from: {left: a, right: b}'."


def read_stages(raw: Json, problems: Problems) -> dict[str, Node]:
    """The stages by name, in document order. One with a problem is kept, as far as it is sound."""
    if isinstance(raw, list):
        hint = "Write 'stages: {load: {type: …}, …}': each stage under its name."
        problems.wrong_type("'stages'", raw, "a mapping", "stages", hint=hint)
        return {}
    if raw is None or raw == {}:
        hint = "Write 'load: {type: origin.files, path: …}' below 'stages:'."
        line = problems.line("stages") or 1
        problems.add("no-stages", "The pipeline has no stages.", "stages", hint=hint, line=line)
        return {}
    if not isinstance(raw, dict):
        problems.wrong_type("'stages'", raw, "a mapping", "stages")
        return {}
    return {name: _node(name, plain, problems) for name, plain in raw.items()}


def _node(name: str, plain: Json, problems: Problems) -> Node:
    _check_name(name, problems)
    if not isinstance(plain, dict):
        problems.wrong_type("The stage", plain, "a mapping", "stages", name, hint="Give it a 'type:'.")
        return Node(name, "")
    _check_version(name, plain, problems)
    on_error = plain.get("on_error", "stop")
    if not problems.one_of(on_error, get_args(OnError), "'on_error'", "stages", name, "on_error"):
        on_error = "stop"
    return Node(
        name=name,
        type=_type(name, plain, problems),
        config={key: value for key, value in plain.items() if key not in RESERVED},
        inputs=_lanes(name, plain["from"], problems) if "from" in plain else (),
        description=_description(name, plain.get("description"), problems),
        on_error=on_error,
        max_errors=_limit(name, plain.get("max_errors"), on_error, problems),
        cache=_flag(name, plain, "cache", problems),
        disabled=_flag(name, plain, "disabled", problems),
    )


def _check_name(name: str, problems: Problems) -> None:
    if not STAGE_NAME.fullmatch(name):
        dot = " A dot separates a stage from its output." if "." in name else ""
        message = f"{show(name)} cannot name a stage."
        hint = f"Use letters, digits, '_' and '-', at most 100.{dot}"
        problems.add("invalid-name", message, "stages", name, hint=hint)


def _type(name: str, plain: dict[str, Json], problems: Problems) -> str:
    value = plain.get("type")
    if isinstance(value, str) and value.strip():
        return value.strip()
    if value is None or value == "":
        hint = "Write 'type: processor.filter', say; `headrace stages list` lists them."
        problems.add("missing-key", "The stage has no 'type'.", "stages", name, hint=hint)
    else:
        problems.wrong_type("'type'", value, "text", "stages", name, "type")
    return ""


def _description(name: str, value: Json, problems: Problems) -> str:
    if isinstance(value, str):
        return value
    if value is not None:
        problems.wrong_type("'description'", value, "text", "stages", name, "description")
    return ""


def _limit(name: str, value: Json, on_error: str, problems: Problems) -> int | str | None:
    if value is None:
        return None
    if on_error == "stop":
        message = "A row that fails stops the run, so a limit means nothing here."
        hint = "Set `on_error` to discard or route."
        problems.add("limit-without-errors", message, "stages", name, "max_errors", hint=hint)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and SHARE.fullmatch(value.strip()):
        return value.strip()
    what = "a number of rows, or a share such as '2 %'"
    problems.wrong_type("'max_errors'", value, what, "stages", name, "max_errors")
    return None


def _flag(name: str, plain: dict[str, Json], key: str, problems: Problems) -> bool:
    value = plain.get(key, False)
    if isinstance(value, bool):
        return value
    problems.wrong_type(f"'{key}'", value, "true or false", "stages", name, key)
    return False


def _check_version(name: str, plain: dict[str, Json], problems: Problems) -> None:
    value = plain.get("stage_version", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = "'stage_version' is a whole number from 1 on."
        problems.add("wrong-type", message, "stages", name, "stage_version")
        del plain["stage_version"]


def _lanes(name: str, raw: Json, problems: Problems) -> tuple[Lane, ...]:
    pairs: list[tuple[str | None, Any, tuple[str, ...]]]
    if isinstance(raw, dict):
        pairs = [(port, value, (port,)) for port, value in raw.items()]
    elif isinstance(raw, list):
        pairs = [(None, value, (str(index),)) for index, value in enumerate(raw)]
    else:
        pairs = [(None, raw, ())]
    if not pairs:
        problems.add("invalid-lane", "'from' is empty.", "stages", name, "from", hint=LANE_FORMS)
    lanes: list[Lane] = []
    for port, value, inside in pairs:
        lane = read_lane(value, port) if isinstance(value, str) else None
        if lane is not None:
            lanes.append(lane)
            continue
        shown = show(value) if isinstance(value, str) else "It"
        message = f"{shown} does not name a stage to read from."
        problems.add("invalid-lane", message, "stages", name, "from", *inside, hint=LANE_FORMS)
    return tuple(lanes)


def read_lane(text: str, port: str | None = None) -> Lane | None:
    """``split.train`` as a lane; ``None`` when the text names no stage."""
    match = LANE.fullmatch(text.strip())
    return Lane(match.group(1), match.group(2), port) if match else None
