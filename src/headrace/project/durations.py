"""How long: ``500ms``, ``5s``, ``10m``, ``2h``, ``1d``, or a number of seconds."""

from __future__ import annotations

import math
import re

from headrace.core import Json

__all__ = ["seconds_of"]

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")


def seconds_of(value: Json) -> float | None:
    """The seconds that a text or a number means; ``None``: it is no length of time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = WRITTEN.fullmatch(str(value).strip())
    seconds = float(found[1]) * UNITS[found[2] or "s"] if found else -1.0
    return seconds if seconds >= 0 and math.isfinite(seconds) else None
