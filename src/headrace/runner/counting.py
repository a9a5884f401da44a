"""Which rows have to be counted, and what follows from what is counted anyway.

Lanes that must carry the same number of rows form a group: what goes into a stage that keeps rows and
what comes out of it, what a stage gives and what its reader takes. Readers, writers and stages that hold
their rows know exact numbers; only a group without any of these is worth a mark in the engine's plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from headrace.compiler import Plan, Step
from headrace.core import ERRORS, Destination, Origin

__all__ = ["Counts", "Lanes", "groups", "marks"]

Key = tuple[str, str | None]
"""A step and its output."""
Lanes = Mapping[Key, int]
"""The group of every lane."""


def outputs_of(step: Step) -> tuple[str | None, ...]:
    """The step's outputs by name; ``(None,)`` for one without a name, none for a destination."""
    if isinstance(step.stage, Destination):
        return ()
    return step.stage.lanes() or (None,)


def lane_key(plan: Plan, step_name: str, output: str | None) -> Key:
    """A lane's key with the default output's name filled in."""
    stage = plan.step(step_name).stage
    return step_name, output if output is not None else stage.default_output


def groups(plan: Plan) -> dict[Key, int]:
    """Every output's group; two outputs in one group have the same number of rows."""
    found: dict[Key, int] = {}
    for step in plan.steps:
        for output in outputs_of(step):
            inherits = step.stage.keeps_rows and len(step.inputs) == 1 and step.on_error == "stop"
            if inherits:
                lane = next(iter(step.inputs.values()))
                found[step.name, output] = found[lane_key(plan, lane.stage, lane.output)]
            else:
                found[step.name, output] = len(found) + 1
        if step.on_error == "route":
            found[step.name, ERRORS] = len(found) + 1
    return found


def marks(plan: Plan, mode: Literal["stages", "ends", "off"]) -> frozenset[Key]:
    """The outputs that the engine has to count, because nothing else can tell."""
    if mode != "stages":
        return frozenset()
    group_of = groups(plan)
    known = {
        group_of[step.name, output] for step in plan.steps for output in outputs_of(step) if _tells(step)
    }
    for step in plan.steps:
        if _takes_all(step):
            known |= {group_of[lane_key(plan, lane.stage, lane.output)] for lane in step.inputs.values()}
    wanted: dict[int, Key] = {}
    for key, group in group_of.items():
        if group not in known:
            wanted.setdefault(group, key)
    return frozenset(wanted.values())


def _tells(step: Step) -> bool:
    """Whether the step knows its own rows: our readers do, and what is computed once and kept."""
    return isinstance(step.stage, Origin) or step.kept or _takes_all(step)


def _takes_all(step: Step) -> bool:
    """Whether the step reads its input to the end and says how much there was; user code may do neither."""
    return step.acts and not step.stage.once


@dataclass
class Counts:
    """What is known so far, by group, and per step what only the step itself can say."""

    plan: Plan
    rows: dict[int, int] = field(default_factory=dict)
    rows_in: dict[str, int] = field(default_factory=dict)
    error_rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._groups = groups(self.plan)

    def say_out(self, step: str, output: str | None, rows: int) -> None:
        """A step has given that many rows."""
        self.rows[self._groups[lane_key(self.plan, step, output)]] = rows

    def say_in(self, step: str, rows: int) -> None:
        """A step has taken that many rows; a single input's lane carried as many."""
        self.rows_in[step] = rows
        inputs = list(self.plan.step(step).inputs.values())
        if len(inputs) == 1:
            self.rows[self._groups[lane_key(self.plan, inputs[0].stage, inputs[0].output)]] = rows

    def of(self, step: Step) -> tuple[int | None, int | None, int | None]:
        """``rows_in, rows_out, error_rows`` of a step.

        Several inputs are added up, and so are outputs, unless one of them is the default.
        """
        default = step.stage.default_output
        outputs = (default,) if default is not None else outputs_of(step)
        outs = [self.rows.get(self._groups[step.name, output]) for output in outputs]
        ins = [
            self.rows.get(self._groups[lane_key(self.plan, e.stage, e.output)]) for e in step.inputs.values()
        ]
        rows_in, rows_out = self.rows_in.get(step.name, _total(ins)), _total(outs)
        failed = self.error_rows.get(step.name)
        if failed is None and step.stage.rejects and rows_in is not None and rows_out is not None:
            failed = rows_in - rows_out
        return rows_in, rows_out, failed


def _total(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None
