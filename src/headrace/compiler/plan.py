"""What a run will walk: bound stages in order, where each reads, what is kept and what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from headrace.core import Destination, Issue, Lane, OnError, Origin, Pipeline, Stage

__all__ = ["Plan", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One bound stage. ``inputs`` has one lane per port, in the order of the verb's parameters."""

    name: str
    type: str
    stage: Stage
    inputs: Mapping[str, Lane] = field(default_factory=dict)
    on_error: OnError = "stop"
    kept: bool = False
    """Computed once and kept for all who read it, because that is cheaper or because it must be."""
    max_errors: int | str | None = None
    """How many rows may fail in a batch: a number, or a share such as ``2 %``."""

    @property
    def acts(self) -> bool:
        """Whether calling its verb moves data: destinations, training, user code."""
        return isinstance(self.stage, Destination) or self.stage.eager

    @property
    def reads_from(self) -> tuple[str, ...]:
        """The steps that it reads from."""
        return tuple(lane.stage for lane in self.inputs.values())


@dataclass(frozen=True)
class Plan:
    """A pipeline ready to run on one engine. ``explain`` prints it and ``run`` walks it."""

    pipeline: Pipeline
    steps: tuple[Step, ...]
    parameters: Mapping[str, Any]
    engine: str
    why_engine: str
    warnings: tuple[Issue, ...] = ()
    counts: Literal["stages", "ends", "off"] = "stages"
    """Where rows are counted: as the document says, unless the run was told otherwise."""
    mode: Literal["batch", "streaming"] = "batch"
    """Once, or batches of what is new until stopped; a run may be asked for a stream of any document."""

    def step(self, name: str) -> Step:
        """The step of that name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    @property
    def graph(self) -> dict[str, tuple[str, ...]]:
        """``{step: the steps it reads from}``."""
        return {step.name: step.reads_from for step in self.steps}

    @property
    def origins(self) -> tuple[Step, ...]:
        """The steps that bring data in."""
        return tuple(step for step in self.steps if isinstance(step.stage, Origin))
