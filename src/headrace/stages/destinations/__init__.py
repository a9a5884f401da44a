"""Stages that write, one file each; ``destinations.Files`` is the class of ``destination.files``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .console import Console as Console
    from .delta import Delta as Delta
    from .discard import Discard as Discard
    from .files import Files as Files
    from .kafka import Kafka as Kafka
    from .lake import Lake as Lake
    from .table import Table as Table

_HOMES = {
    "Console": "console",
    "Delta": "delta",
    "Discard": "discard",
    "Files": "files",
    "Lake": "lake",
    "Kafka": "kafka",
    "Table": "table",
}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return [*__all__]
