"""Which columns each lane has to carry: reading fewer is cheaper, and no engine tells our readers.

Walked from the end of a plan to its beginning, on the schemas that the analysis has found. A reader that
needs less than its neighbors on a lane can have a narrower frame of its own, as far as the stages above are
cheap to call again: the engine would read once for each reader anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.core import Destination, Names, Origin, Schema
from headrace.frames.used_columns import folded

from .counting import Key, lane_key, outputs_of

if TYPE_CHECKING:
    from headrace.compiler import Plan, Step

__all__ = ["Columns", "Projection", "project_columns"]

Columns = Names | None
"""``None``: all there are."""


@dataclass(frozen=True)
class Projection:
    """By output what its readers need together, by step and port what it needs there."""

    outputs: Mapping[Key, Columns] = field(default_factory=dict)
    lanes: Mapping[tuple[str, str], Columns] = field(default_factory=dict)
    schemas: Mapping[Key, Schema] = field(default_factory=dict)

    def of_origin(self, step: Step) -> tuple[str, ...] | None:
        """The columns that anything behind an origin uses; ``None``: all."""
        key = step.name, step.stage.default_output
        return self.spelled(key, self.outputs.get(key))

    def spelled(self, key: Key, columns: Columns) -> tuple[str, ...] | None:
        """Columns as the schema spells them, in its order."""
        schema = self.schemas.get(key)
        if columns is None or schema is None or folded(schema) <= columns:
            return None
        return tuple(name for name in schema.names if name.casefold() in columns)

    def narrower(self, plan: Plan, step: Step, port: str) -> Names | None:
        """What a reader needs, if that is less than the shared frame has and worth a frame of its own."""
        lane = step.inputs[port]
        wanted = self.lanes.get((step.name, port))
        shared = self.outputs.get(lane_key(plan, lane.stage, lane.output))
        if wanted is None or shared is None or shared <= wanted:
            return None
        return wanted if self._cheap(plan, plan.step(lane.stage), wanted) else None

    def above(self, plan: Plan, step: Step, wanted: Names) -> Mapping[str, Names]:
        """What a step needs of each input for ``wanted`` columns of its output."""
        keys = {port: lane_key(plan, lane.stage, lane.output) for port, lane in step.inputs.items()}
        return (
            step.stage.columns_before(wanted, {port: self.schemas[key] for port, key in keys.items()}) or {}
        )

    def _cheap(self, plan: Plan, step: Step, wanted: Names) -> bool:
        """Whether calling it again reads fewer columns of a file again, and does nothing else."""
        stage = step.stage
        if step.kept or step.acts or stage.once or stage.costly or step.on_error != "stop":
            return False
        if isinstance(stage, Origin):
            return stage.reads_columns
        if len(step.inputs) != 1 or len(outputs_of(step)) != 1:
            return False
        ((port, lane),) = step.inputs.items()
        needed = self.above(plan, step, wanted).get(port)
        return needed is not None and self._cheap(plan, plan.step(lane.stage), needed)


def project_columns(plan: Plan, schemas: Mapping[Key, Schema]) -> Projection:
    """What every lane of a plan has to carry."""
    outputs: dict[Key, Columns] = {}
    lanes: dict[tuple[str, str], Columns] = {}
    for step in reversed(plan.steps):
        needs = _needs(plan, step, outputs, schemas)
        for port, lane in step.inputs.items():
            key = lane_key(plan, lane.stage, lane.output)
            lanes[step.name, port] = wanted = needs.get(port)
            before = outputs.get(key, frozenset())
            outputs[key] = None if wanted is None or before is None else before | wanted
    return Projection(outputs, lanes, schemas)


def _needs(
    plan: Plan, step: Step, outputs: Mapping[Key, Columns], schemas: Mapping[Key, Schema]
) -> Mapping[str, Columns]:
    known = {port: schemas.get(lane_key(plan, lane.stage, lane.output)) for port, lane in step.inputs.items()}
    inputs = {port: schema for port, schema in known.items() if schema is not None}
    everything = {port: folded(schema) for port, schema in inputs.items()}
    if len(inputs) < len(known):
        return everything
    wanted: Names = frozenset()
    for output in outputs_of(step):
        columns = outputs.get((step.name, output), frozenset())
        if columns is None:
            return everything
        wanted |= columns
    if isinstance(step.stage, Destination) or step.stage.eager or step.on_error != "stop":
        return everything
    found = step.stage.columns_before(wanted, inputs)
    return everything if found is None else found
