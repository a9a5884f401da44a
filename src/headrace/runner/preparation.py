"""Text → plan, the way every command does it: parameters resolved, engine chosen, all problems at once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headrace.compiler import Draft, Plan, Surroundings, check_pipeline, compile_pipeline
from headrace.core import Issue, Json, Pipeline
from headrace.engine import choose_engine
from headrace.project import Project, resolve_parameters

if TYPE_CHECKING:
    from headrace.core import EngineSettings

__all__ = ["check", "prepare", "surroundings"]


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
    pipeline: Pipeline,
    given: Mapping[str, Json],
    *,
    engine: str | None = None,
    run_id: str,
    started: dt.datetime,
) -> Plan:
    """The plan of one run. Raises ``InvalidDocument`` with every problem there is."""
    values, issues = resolve_parameters(pipeline, given, project.parameters)
    return compile_pipeline(pipeline, values, surroundings(project.engine, engine, run_id, started), issues)


def check(
    project: Project, pipeline: Pipeline, given: Mapping[str, Json], *, engine: str | None = None
) -> tuple[Draft, tuple[Issue, ...]]:
    """The draft of a document and all its problems, without running or opening anything."""
    values, issues = resolve_parameters(pipeline, given, project.parameters)
    around = surroundings(project.engine, engine, "RUN-ID", dt.datetime.now(dt.UTC))
    draft = check_pipeline(pipeline, values, around)
    found = sorted((*issues, *draft.issues), key=lambda issue: issue.line or 0)
    return draft, tuple(found)
