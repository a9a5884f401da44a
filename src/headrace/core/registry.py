"""Finds stages: each is one module of a package that an entry point of ``headrace.stages`` names.

The entry point's name is the kind, the module's name the rest: ``filter.py`` in the package behind
``processor`` is ``processor.filter``. Adding the file is the whole registration. Only the module asked for is
imported, so that a document of five stages loads five of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

from .errors import InvalidCall, did_you_mean
from .stage import Stage

__all__ = ["StageEntry", "all_stages", "find_stage", "stage_types", "type_of"]

GROUP = "headrace.stages"


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A stage's type, as documents write it, and its class."""

    name: str
    stage: type[Stage]

    @property
    def summary(self) -> str:
        """The docstring's first line: the palette text."""
        return (self.stage.__doc__ or "").strip().split("\n", 1)[0]


@cache
def _packages() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in entry_points(group=GROUP):
        found[entry.name] = (*found.get(entry.name, ()), entry.value)
    return found


@cache
def _modules() -> dict[str, str]:
    """Type to module name, of every pack, without importing a stage."""
    return {
        f"{kind}.{module.name}": f"{package}.{module.name}"
        for kind, packages in _packages().items()
        for package in packages
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
        if not module.name.startswith("_")
    }


def stage_types() -> tuple[str, ...]:
    """Every type there is, sorted; imports no stage."""
    return tuple(sorted(_modules()))


@cache
def _load(module_name: str) -> type[Stage]:
    module = importlib.import_module(module_name)
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Stage) and value.__module__ == module_name:
            return value
    raise InvalidCall("empty-stage-module", f"The module '{module_name}' defines no stage.")


@cache
def find_stage(type_name: str) -> StageEntry:
    """The stage of that type or alias. Raises ``InvalidCall`` (``unknown-stage``) with a suggestion."""
    module = _modules().get(type_name)
    if module is not None:
        return StageEntry(type_name, _load(module))
    for entry in all_stages():
        if type_name in entry.stage.aliases:
            return entry
    hint = did_you_mean(type_name, stage_types())
    raise InvalidCall(
        "unknown-stage", f"No stage '{type_name}'.", hint=hint or "`headrace stages list` lists them."
    )


@cache
def all_stages() -> tuple[StageEntry, ...]:
    """Every stage, sorted by type."""
    return tuple(StageEntry(name, _load(module)) for name, module in sorted(_modules().items()))


def type_of(stage: type[Stage]) -> str:
    """The type that documents write for a stage's class. Raises ``InvalidCall`` for one of no pack."""
    for name, module in _modules().items():
        if module == stage.__module__:
            return name
    raise InvalidCall("unknown-stage", f"'{stage.__qualname__}' belongs to no installed pack of stages.")
