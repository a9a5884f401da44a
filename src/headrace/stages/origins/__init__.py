"""Stages that bring data in, one file each; ``origins.Files`` is the class of ``origin.files``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .delta import Delta as Delta
    from .files import Files as Files
    from .generate import Generate as Generate
    from .inline import Inline as Inline
    from .kafka import Kafka as Kafka
    from .lake import Lake as Lake
    from .table import Table as Table

_HOMES = {
    "Delta": "delta",
    "Table": "table",
    "Files": "files",
    "Lake": "lake",
    "Generate": "generate",
    "Inline": "inline",
    "Kafka": "kafka",
}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return [*__all__]
