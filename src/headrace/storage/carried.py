"""Errors of ours that travel through an engine, which only hands on text."""

from __future__ import annotations

import base64
import json
import re

from headrace.core import DataRefused, HeadraceError, RunFailed, Unavailable

__all__ = ["CarriedError", "carried_error"]

MARK = re.compile(r"\[headrace:([A-Za-z0-9+/=]+)\]")
KINDS: dict[str, type[HeadraceError]] = {
    kind.__name__: kind for kind in (DataRefused, RunFailed, Unavailable)
}


class CarriedError(Exception):
    """Raised inside an engine's worker in place of one of ours; its text holds the error whole."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    @classmethod
    def of(cls, error: HeadraceError) -> CarriedError:
        """The error as something that survives as text."""
        plain = {"kind": type(error).__name__, **error.to_json()}
        packed = base64.b64encode(json.dumps(plain).encode()).decode()
        return cls(f"{error} [headrace:{packed}]")


def carried_error(text: str) -> HeadraceError | None:
    """The first error of ours that an engine's message holds; ``None``: there is none."""
    found = MARK.search(text)
    if found is None:
        return None
    plain = json.loads(base64.b64decode(found[1]))
    kind = KINDS.get(plain["kind"], RunFailed)
    return kind(plain["code"], plain["message"], where=plain["where"], hint=plain["hint"])
