"""The process's environment, changed for as long as something reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["environment"]


@contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """The environment with ``wanted`` added (what the user has set stays), and as it was afterwards."""
    missing = {key: value for key, value in wanted.items() if key not in os.environ}
    os.environ.update(missing)
    try:
        yield
    finally:
        for key in missing:
            os.environ.pop(key, None)
