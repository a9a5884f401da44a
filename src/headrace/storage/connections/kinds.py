"""Finds kinds of connections: each is one module of a package that an entry point names.

The module's name is the kind. Adding ``postgresql.py`` here, or in a package behind an entry point of
``headrace.connections``, is the whole registration; only the module asked for is imported.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from headrace.core import InvalidCall, did_you_mean

from .connection import Connection

__all__ = ["connection_kinds", "connection_model"]

GROUP = "headrace.connections"
HERE = __name__.rpartition(".")[0]
NOT_KINDS = (f"{HERE}.connection", f"{HERE}.network", __name__)


@cache
def _modules() -> dict[str, str]:
    packages = [HERE, *(entry.value for entry in entry_points(group=GROUP))]
    return {
        module.name: f"{package}.{module.name}"
        for package in packages
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
        if f"{package}.{module.name}" not in NOT_KINDS
    }


def connection_kinds() -> tuple[str, ...]:
    """Every kind there is, sorted; imports none of them."""
    return tuple(sorted(_modules()))


@cache
def connection_model(kind: str) -> type[Connection]:
    """The value that such a connection is read into; raises ``InvalidCall`` for an unknown kind."""
    if kind not in _modules():
        raise InvalidCall(
            "unknown-connection-kind",
            f"No kind of connection is called '{kind}'.",
            hint=did_you_mean(kind, connection_kinds()) or f"There is {', '.join(connection_kinds())}.",
        )
    module = importlib.import_module(_modules()[kind])
    return next(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Connection) and each.__module__ == module.__name__
    )
