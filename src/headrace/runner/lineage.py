"""Where a run's numbers come from: the document, the parameters, the engine and the state of the code."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headrace.compiler import Plan
from headrace.core import Json, Provenance

__all__ = ["git_state", "provenance", "shown_parameters"]


def provenance(plan: Plan, environment: str | None, engine: Mapping[str, str], folder: Path) -> Provenance:
    """The record of this plan; secret parameters are masked."""
    source = plan.pipeline.source
    return Provenance(
        pipeline=plan.pipeline.name,
        document=source.text,
        document_digest=plan.pipeline.digest(),
        parameters=shown_parameters(plan.parameters),
        environment=environment,
        engine=engine,
        git=git_state(folder),
    )


def git_state(folder: Path) -> dict[str, Json]:
    """``commit``, and whether anything tracked differs from it; empty outside a repository or without git."""
    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = said.splitlines()
    commit = next(
        (line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")), ""
    )
    if not commit or commit == "(initial)":
        return {}
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}


def shown_parameters(values: Mapping[str, Any]) -> dict[str, Json]:
    """Resolved parameters as they may be shown and stored: dates as text, secrets as ``•••``."""
    plain = (int, float, bool, str, list, type(None))
    return {name: value if isinstance(value, plain) else str(value) for name, value in values.items()}
