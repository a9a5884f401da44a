"""A pipeline on its way to a plan: what is known so far, and every problem found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headrace.core import Issue, Lane, Pipeline, Stage

__all__ = ["Choose", "Draft", "Surroundings"]

Choose = Callable[[str, Mapping[str, frozenset[str]]], tuple[str, str]]
"""``(wanted engine, {stage: capabilities}) → (engine, why)``; raises ``InvalidCall`` where none can."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What substitution may read besides parameters; tests and ``validate`` give values of their own."""

    run: Mapping[str, str]
    """``id``, ``started`` and ``date``."""
    environment: Mapping[str, str]
    choose: Choose
    engine: str = "auto"
    connections: frozenset[str] | None = None
    """The names of the project's connections; ``None``: nobody knows, so no name is wrong."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Frozen; each pass gives a new one."""

    pipeline: Pipeline
    values: Mapping[str, Any]
    around: Surroundings
    classes: Mapping[str, type[Stage]] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    lanes: Mapping[str, Mapping[str, Lane]] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    engine: str = ""
    why_engine: str = ""
    issues: tuple[Issue, ...] = ()

    def with_issues(self, issues: Iterable[Issue], **changes: Any) -> Draft:
        """The next draft: these changes, and these issues after the ones before."""
        return replace(self, issues=(*self.issues, *issues), **changes)
