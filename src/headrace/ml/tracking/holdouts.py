"""Where a training leaves word of its holdout for the gates of the same run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .records import HoldoutData

if TYPE_CHECKING:
    from headrace.core import Run

__all__ = ["find_holdout", "leave_holdout"]


def _note(run: Run, tracking_run: str) -> Path:
    return run.scratch.parent / f"holdout.{tracking_run}.json"


def leave_holdout(run: Run, tracking_run: str, holdout: HoldoutData) -> None:
    """Beside the scratch folders of the run's stages; the dot keeps it apart from stage names."""
    _note(run, tracking_run).write_text(json.dumps(asdict(holdout)))


def find_holdout(run: Run, tracking_run: str) -> HoldoutData | None:
    """The holdout of a training of this run; ``None``: the training was another run's."""
    note = _note(run, tracking_run)
    return HoldoutData(**json.loads(note.read_text())) if note.exists() else None
