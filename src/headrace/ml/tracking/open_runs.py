"""Notes of tracking runs that have begun, so that those of a killed process can be closed by the next one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import HeadraceError, TrackingSettings

from .helper import helper_for

if TYPE_CHECKING:
    from headrace.core import Run

__all__ = ["closed", "opened", "repair_tracking"]


DEAD = "dead-"


def _note(folder: Path, run_id: str, stage: str) -> Path:
    return folder / ".headrace" / "tracking" / run_id / f"{stage}.json"


def opened(run: Run) -> None:
    """Written before the tracking run is made."""
    note = _note(run.folder, run.id, run.stage)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"experiment": run.tracking.experiment, "pipeline": run.provenance.pipeline}))


def closed(run: Run) -> None:
    """Removed once the tracking run has ended."""
    note = _note(run.folder, run.id, run.stage)
    note.unlink(missing_ok=True)
    if note.parent.exists() and not any(note.parent.iterdir()):
        note.parent.rmdir()


def repair_tracking(tracking: TrackingSettings, folder: Path, dead_run_ids: Iterable[str]) -> list[str]:
    """Ends as failed what MLflow shows as running of runs whose process is gone. Gives tracking run ids.

    Asks MLflow only where a note says that there is something to end. While a server is away the notes stay,
    marked as those of dead runs, and whoever calls next asks again.
    """
    notes = folder / ".headrace" / "tracking"
    for run_id in dead_run_ids:
        if (notes / run_id).is_dir():
            (notes / run_id).rename(notes / f"{DEAD}{run_id}")
    left = {each.name.removeprefix(DEAD): each for each in notes.glob(f"{DEAD}*")}
    if not left:
        return []
    try:
        ended: list[str] = helper_for(folder, tracking).call("fail_dead_runs", sorted(left))
    except HeadraceError:
        return []
    for note in left.values():
        shutil.rmtree(note, ignore_errors=True)
    return ended
