"""One batch: what each origin reads in it, its frames computed and staged, all of it published."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import STAGED_NOTE, HeadraceError, Json, Origin, Slice, Staged
from headrace.storage.state import OffsetChange, State

from .execute import Execution, in_our_words
from .publishing import discard, publish
from .refused import keep_refused, stop_at_limit

if TYPE_CHECKING:
    from headrace.compiler import Step

    from .context import RunContext

__all__ = ["ONLY", "Taken", "batch_folder", "left_folders", "number_after", "run_batch", "take", "tidy"]

ONLY = "0"
"""The batch of a run that has one."""
FOLDER = "batches"
NUMBER = re.compile(r"\d{6,}")


@dataclass
class Taken:
    """What the origins with an offset read in one batch, and how far that moves each."""

    slices: dict[str, Slice] = field(default_factory=dict)
    changes: list[OffsetChange] = field(default_factory=list)
    new: bool = False
    """Whether any of them has something."""

    @property
    def more(self) -> bool:
        """Whether a limit left something for the next batch."""
        return any(part.more for part in self.slices.values())


def take(context: RunContext, state: State, *, from_start: Collection[str] = ()) -> Taken:
    """Asks every origin what has come since its committed offset, or since ever."""
    taken = Taken()
    for step in context.plan.origins:
        offset = state.offsets.get(context.plan.pipeline.name, step.name)
        value = None if step.name in from_start else offset.value
        part = _origin(step).next_slice(value, context.stage(step))
        if part is not None:
            taken.slices[step.name] = part
            taken.changes.append(OffsetChange(step.name, part.offset, offset.version))
            taken.new = taken.new or _holds_something(part, value)
    return taken


def _origin(step: Step) -> Origin:
    assert isinstance(step.stage, Origin)
    return step.stage


def _holds_something(part: Slice, before: Json) -> bool:
    """Items say it where an origin names them; else an offset that stands still has nothing before it."""
    if isinstance(part.items, list | tuple | dict):
        return bool(part.items)
    return bool(part.offset != before)


def run_batch(context: RunContext, state: State, taken: Taken) -> list[dict[str, Json]]:
    """Computes, stages and publishes; offsets move with the publication. Raises after taking all back.

    Gives what has become visible.
    """
    context.slices = taken.slices
    after = _afterwards(context, taken)
    execution = Execution(context)
    try:
        execution.run()
        keep_refused(context, execution)
        stop_at_limit(context)
        context.check_cancelled()
    except BaseException:
        with contextlib.suppress(HeadraceError):
            discard([(step.name, staged) for step, staged in execution.staged])
        raise
    staged = [(step.name, each) for step, each in execution.staged]
    staged += after
    pipeline = context.plan.pipeline.name
    try:
        made = publish(
            state, context.id, context.batch, pipeline, staged, taken.changes, context.reporter.emit
        )
    except Exception as error:
        raise in_our_words(error, context) from error
    execution.progress.finish()
    return made


def _afterwards(context: RunContext, taken: Taken) -> list[tuple[str, Staged]]:
    found = []
    for step in context.plan.origins:
        part = taken.slices.get(step.name)
        staged = _origin(step).afterwards(part, context.stage(step)) if part is not None else None
        if staged is not None:
            found.append((step.name, staged))
    return found


def batch_folder(scratch: Path, batch: str) -> Path:
    """Where a batch keeps what it needs while it runs."""
    return scratch if batch == ONLY else scratch / FOLDER / batch


def left_folders(scratch: Path) -> list[tuple[str, Path]]:
    """The batches that have something there, in order."""
    folders = sorted((scratch / FOLDER).glob("*")) if (scratch / FOLDER).is_dir() else []
    numbered = [(each.name, each) for each in folders if NUMBER.fullmatch(each.name)]
    return [*numbered, (ONLY, scratch)]


def number_after(state: State, run_id: str) -> int:
    """The first number of this run that no batch has: a batch that is undone keeps its own."""
    return max((int(each.batch) for each in state.journal.list(run_id)), default=0) + 1


def tidy(scratch: Path, batch: str) -> None:
    """Removes a batch's folder, its notes first: what they tell of is published, or taken back."""
    folder = batch_folder(scratch, batch)
    for note in folder.glob(f"*/{STAGED_NOTE}"):
        note.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
