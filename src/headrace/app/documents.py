"""What a document says, checked and explained without running it."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import Destination, Issue, Json, Schema

from .tables import explanation_html
from .workspace import Workspace

if TYPE_CHECKING:
    from headrace.compiler import Plan

__all__ = ["Explanation", "StageView", "explain", "validate"]


@dataclass(frozen=True)
class StageView:
    """One stage of an explanation; ``schemas`` by output, empty where a problem hides them."""

    name: str
    type: str
    description: str
    inputs: Mapping[str, str]
    schemas: Mapping[str, Schema]
    kept: bool
    guarantee: str | None = None
    """A destination's: how often a row arrives, and what that rests on."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "type": self.type,
            "description": self.description,
            "from": dict(self.inputs),
            "outputs": {output: schema.to_json() for output, schema in self.schemas.items()},
            "kept": self.kept,
            **({"guarantee": self.guarantee} if self.guarantee else {}),
        }


@dataclass(frozen=True)
class Explanation:
    """A plan in words: the engine and why, every stage in order, and what is wrong."""

    pipeline: str
    engine: str
    why_engine: str
    parameters: Mapping[str, Json]
    stages: tuple[StageView, ...]
    issues: tuple[Issue, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "pipeline": self.pipeline,
            "engine": self.engine,
            "why_engine": self.why_engine,
            "parameters": dict(self.parameters),
            "stages": [stage.to_json() for stage in self.stages],
            "issues": [issue.to_json() for issue in self.issues],
        }

    def _repr_html_(self) -> str:
        return explanation_html(self.to_json())


def validate(
    workspace: Workspace, given: Mapping[str, Json], *, engine: str | None = None
) -> tuple[Issue, ...]:
    """Every problem of a document, warnings included; opens no data and no engine."""
    from headrace.runner import check

    return check(workspace.project, workspace.text, workspace.file, given, engine=engine)


def explain(workspace: Workspace, given: Mapping[str, Json], *, engine: str | None = None) -> Explanation:
    """The plan with the columns after every stage; an engine starts only for schemas that are not cached.

    Looking at a plan changes nothing, so what dead runs left stays for a run to finish.
    Raises ``InvalidDocument`` when there is no plan.
    """
    from headrace.runner import Reporter, RunContext, find_schemas, prepare, provenance, shown_parameters
    from headrace.storage.state import open_state

    project = workspace.project
    started = dt.datetime.now(dt.UTC)
    plan = prepare(
        project, workspace.text, workspace.file, given, engine=engine, run_id="RUN-ID", started=started
    )
    with contextlib.ExitStack() as opened:
        scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="headrace-")))

        def start() -> Any:
            from headrace.engine import open_engine

            return opened.enter_context(open_engine(plan.engine, project.engine, scratch=scratch))

        context = RunContext(
            id="RUN-ID",
            started=started,
            plan=plan,
            project=project,
            open_engine=start,
            reporter=Reporter(),
            scratch=scratch,
            provenance=provenance(plan, project.environment, {"name": plan.engine}, project.folder),
            purpose="analyse",
        )
        state = opened.enter_context(
            open_state(project.folder, project=project.name, environment=project.environment)
        )
        analysis = find_schemas(plan, context.stage, state.schemas, context)
    return Explanation(
        pipeline=plan.pipeline.name,
        engine=plan.engine,
        why_engine=plan.why_engine,
        parameters=shown_parameters(plan.parameters),
        stages=tuple(_view(plan, name, analysis.schemas) for name in plan.graph),
        issues=(*plan.warnings, *analysis.issues),
    )


def _view(plan: Plan, name: str, schemas: Mapping[tuple[str, str | None], Schema]) -> StageView:
    step = plan.step(name)
    stage = step.stage
    return StageView(
        name=name,
        type=step.type,
        description=plan.pipeline.stages[name].description,
        inputs={port: str(lane) for port, lane in step.inputs.items()},
        schemas={output or "": schema for (stage, output), schema in schemas.items() if stage == name},
        kept=step.kept,
        guarantee=f"{stage.guarantee}: {stage.means}" if isinstance(stage, Destination) else None,
    )
