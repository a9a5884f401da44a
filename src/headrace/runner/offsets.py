"""How far each origin of a pipeline has read, how much waits, and what its next batch would hold."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from headrace.core import Json, Origin
from headrace.project import Project

from .context import RunContext
from .lineage import provenance
from .preparation import preflight, prepare
from .reporter import Reporter

if TYPE_CHECKING:
    from headrace.core import Slice
    from headrace.storage.state import Offset, State

__all__ = ["look_at_offsets"]


def look_at_offsets(
    project: Project, text: str, file: str | None, given: Mapping[str, Json], state: State
) -> list[dict[str, Any]]:
    """One entry per origin that keeps an offset; asks each where its data is, starts no engine."""
    started = dt.datetime.now(dt.UTC)
    plan = prepare(project, text, file, given, streams=True, run_id="RUN-ID", started=started)
    plan = preflight(plan, project, writes=False)
    found = []
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        context = RunContext(
            id="RUN-ID",
            started=started,
            plan=plan,
            project=project,
            open_engine=_no_engine,
            reporter=Reporter(),
            scratch=Path(folder),
            provenance=provenance(plan, project.environment, {"name": plan.engine}, project.folder),
            purpose="analyse",
            reads_new=True,
        )
        for step in plan.origins:
            assert isinstance(step.stage, Origin)
            offset = state.offsets.get(plan.pipeline.name, step.name)
            part = step.stage.next_slice(offset.value, context.stage(step))
            if part is not None:
                found.append({"stage": step.name, "type": step.type, **_shown(offset, part)})
    return found


def _shown(offset: Offset, part: Slice) -> dict[str, Any]:
    sizes = [each.size for each in part.inputs if each.size is not None]
    rows = [each.rows for each in part.inputs if each.rows is not None]
    return {
        "offset": offset.value,
        "version": offset.version,
        "run_id": offset.run_id,
        "committed": offset.committed.isoformat() if offset.committed else None,
        "lag": part.lag,
        "next": {
            "items": part.items,
            "inputs": len(part.inputs),
            "bytes": sum(sizes) if sizes else None,
            "rows": sum(rows) if rows else None,
            "more": part.more,
        },
        "following": part.offset,
    }


def _no_engine() -> NoReturn:
    raise AssertionError("offsets are asked for without an engine")
