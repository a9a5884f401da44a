"""Finds formats: each is one module of ``kinds``, or of a package behind an entry point ``headrace.formats``.

The module's name is the format's. Adding ``kinds/orc.py`` with one :class:`FileKind` in it is the whole
registration; a format's libraries are imported when a file is read or written, not before.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from headrace.core import InvalidCall

from .kind import FileKind

__all__ = ["file_kind", "format_names", "kind_of_name"]

GROUP = "headrace.formats"
HERE = f"{__name__.rpartition('.')[0]}.kinds"


@cache
def _kinds() -> dict[str, FileKind]:
    packages = [HERE, *(entry.value for entry in entry_points(group=GROUP))]
    found = {}
    for package in packages:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            found[module.name] = _kind_in(f"{package}.{module.name}")
    return dict(sorted(found.items()))


def _kind_in(name: str) -> FileKind:
    module = importlib.import_module(name)
    made = (
        each()
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, FileKind) and each.__module__ == name
    )
    return next(made)


def format_names(*, written: bool = False) -> tuple[str, ...]:
    """Every format, sorted; those that can be written only, if asked."""
    return tuple(name for name, kind in _kinds().items() if kind.compressions or not written)


def file_kind(name: str) -> FileKind:
    """The format of that name. Raises ``InvalidCall`` (``library-not-installed``)."""
    kind = _kinds()[name]
    if kind.library is not None and importlib.util.find_spec(kind.library) is None:
        raise InvalidCall(
            "library-not-installed",
            f"The format '{name}' needs the package '{kind.library}'.",
            hint="Install it: pip install 'headrace[formats]'.",
        )
    return kind


def kind_of_name(name: str) -> str | None:
    """The format that a file's name tells, its packing left out; ``None``: none."""
    plain = name.lower()
    return next((each for each, kind in _kinds().items() if plain.endswith(kind.endings)), None)
