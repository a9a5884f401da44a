"""Values of ours as JSON text and back: exact, and without secrets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from headrace.core import InvalidCall, Secret

__all__ = ["decode", "encode", "masked"]

MARK = "$float"
"""JSON has no NaN and no infinities: ``{"$float": "nan"}`` stands for them."""


def encode(value: Any) -> str:
    """JSON text with sorted keys. Raises ``InvalidCall`` (``secret-in-state``) for a secret in it."""
    return json.dumps(_plain(value, ""), ensure_ascii=False, allow_nan=False, sort_keys=True)


def decode(text: str) -> Any:
    """What :func:`encode` was given; tuples come back as lists."""
    return json.loads(text, object_hook=_restored)


def masked(value: Any) -> Any:
    """The same value with every secret replaced by ``•••``."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, Mapping):
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    return value


def _plain(value: Any, path: str) -> Any:
    if isinstance(value, Secret):
        raise InvalidCall(
            "secret-in-state",
            f"The secret '{value.name}' was about to be stored{f' at {path}' if path else ''}.",
            hint="Keep the reference ${secret:NAME} and resolve it where it is used.",
        )
    if isinstance(value, float) and not math.isfinite(value):
        return {MARK: str(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each, f"{path}.{key}".lstrip(".")) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, f"{path}[{index}]") for index, each in enumerate(value)]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def _restored(found: dict[str, Any]) -> Any:
    return float(found[MARK]) if found.keys() == {MARK} else found
