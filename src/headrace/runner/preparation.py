"""Text → plan, the way every command does it: parameters resolved, engine chosen, all problems at once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from headrace.compiler import Plan, Surroundings, compile_pipeline
from headrace.core import Destination, InvalidDocument, Issue, Json, hinted_values
from headrace.engine import choose_engine
from headrace.project import Project, examine_pipeline, resolve_parameters

if TYPE_CHECKING:
    from headrace.core import EngineSettings

__all__ = ["check", "preflight", "prepare", "surroundings"]


def surroundings(
    settings: EngineSettings, engine: str | None, run_id: str, started: dt.datetime
) -> Surroundings:
    """What ``${run:…}`` and ``${env:…}`` mean, and how an engine is chosen, for this run."""

    def choose(wanted: str, needs: Mapping[str, frozenset[str]]) -> tuple[str, str]:
        choice = choose_engine(wanted, needs, settings)
        return choice.name, choice.why

    run = {
        "id": run_id,
        "started": started.isoformat(timespec="seconds"),
        "date": started.date().isoformat(),
    }
    return Surroundings(run, os.environ, choose, engine or settings.name)


def prepare(
    project: Project,
    text: str,
    file: str | None,
    given: Mapping[str, Json],
    *,
    engine: str | None = None,
    counts: Literal["stages", "ends", "off"] | None = None,
    streams: bool = False,
    run_id: str,
    started: dt.datetime,
) -> Plan:
    """The plan of one run. Raises ``InvalidDocument`` with every problem there is."""
    pipeline, issues = examine_pipeline(text, file)
    if pipeline is None:
        raise InvalidDocument(issues)
    values, more = resolve_parameters(pipeline, given, project.parameters)
    around = surroundings(project.engine, engine, run_id, started)
    around = replace(around, connections=frozenset(project.connections.tables))
    as_asked = replace(pipeline, mode="streaming") if streams else pipeline
    plan = replace(compile_pipeline(as_asked, values, around, (*issues, *more)), pipeline=pipeline)
    return replace(plan, counts=counts) if counts is not None else plan


def preflight(plan: Plan, project: Project, *, writes: bool = True) -> Plan:
    """The plan with its secrets in it, before anything is opened; ``writes``: for its destinations, too.

    Raises ``InvalidDocument`` with every variable and secret that parameters and connections miss.
    """
    issues: list[Issue] = []
    parameters = plan.parameters
    try:
        parameters = project.reveal(parameters)
    except InvalidDocument as error:
        source = plan.pipeline.source
        places = [(each, source.line(*(each.field or "").split("."))) for each in error.issues]
        issues.extend(each.at(file=source.file, line=line) for each, line in places)
    for name in sorted(_connections(plan, writes)):
        try:
            project.connection(name)
        except InvalidDocument as error:
            issues.extend(error.issues)
    if issues:
        raise InvalidDocument(issues)
    return replace(plan, parameters=parameters)


def _connections(plan: Plan, writes: bool) -> set[str]:
    stages = [step.stage for step in plan.steps if writes or not isinstance(step.stage, Destination)]
    return {text for stage in stages for _, hint, text in hinted_values(stage) if hint.kind == "connection"}


def check(
    project: Project, text: str, file: str | None, given: Mapping[str, Json], *, engine: str | None = None
) -> tuple[Issue, ...]:
    """All problems of a document, warnings included, without running or opening anything."""
    started = dt.datetime.now(dt.UTC)
    try:
        plan = prepare(project, text, file, given, engine=engine, run_id="RUN-ID", started=started)
    except InvalidDocument as error:
        return error.issues
    return plan.warnings
