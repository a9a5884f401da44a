"""Makes a batch visible: all of it or nothing, whoever dies meanwhile.

The intent is written down before the first destination is published. Destinations come first, promotions
after every one of them, offsets last. What a dead process left half published is finished by whoever comes
next, or undone where it cannot be.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import STAGED_NOTE, HeadraceError, Json, OutputPublished, RunFailed, Staged, Unavailable
from headrace.storage.state import OffsetChange, Publish, PublishEntry

if TYPE_CHECKING:
    from headrace.core import Event
    from headrace.storage.state import State

__all__ = ["discard", "finish_publish", "publish", "undo_staged"]

PHASES = ("data", "promotion", "origin")
"""What is done first: what becomes of files that were read waits until all else is visible."""
LOG = logging.getLogger(__name__)

Emit = Callable[["Event"], None]


def publish(
    state: State,
    run_id: str,
    batch: str,
    pipeline: str,
    staged: Sequence[tuple[str, Staged]],
    offsets: Sequence[OffsetChange],
    emit: Emit,
) -> list[dict[str, Json]]:
    """Publishes what ``staged`` holds by stage name. Raises after undoing all of it when one cannot be.

    Gives what has become visible.
    """
    if not staged and not offsets:
        return []
    ordered = sorted(staged, key=lambda each: PHASES.index(each[1].phase))
    entries = [PublishEntry(stage, each.kind(), each.intent(), each.phase) for stage, each in ordered]
    try:
        state.journal.intend(run_id, batch, pipeline=pipeline, entries=entries, offsets=offsets)
    except BaseException:
        _undo(ordered)
        raise
    try:
        return _publish(state, run_id, batch, ordered, range(len(ordered)), emit)
    except Exception as error:
        _undo(ordered)
        state.journal.undone(run_id, batch)
        if isinstance(error, HeadraceError):
            raise
        raise RunFailed("publish-failed", f"{type(error).__name__}: {error}") from error


def discard(staged: Sequence[tuple[str, Staged]]) -> None:
    """Takes staged work away after a failure, before any intent was written."""
    _undo(staged)


def finish_publish(state: State, found: Publish, view: Callable[[str], Any], emit: Emit) -> bool:
    """Finishes what a dead process left: True when all of it is visible now, False when none of it is.

    ``view`` gives the run as a stage of that name sees it. Raises ``Unavailable`` when the place cannot be
    reached: the journal stays open, and whoever comes next tries again.
    """
    restored = [(each.stage, _restore(each.kind, each.intent, view(each.stage))) for each in found.entries]
    waiting = [number for number, entry in enumerate(found.entries) if entry.status != "published"]
    try:
        _publish(state, found.run_id, found.batch, restored, waiting, emit)
    except Unavailable:
        raise
    except Exception as error:
        LOG.warning("run %s is undone: %s", found.run_id, error)
        _undo(restored)
        state.journal.undone(found.run_id, found.batch)
        return False
    return True


def undo_staged(scratch: Path, view: Callable[[str], Any]) -> None:
    """Takes away what the stages of a dead run had begun to stage, as their scratch folders tell."""
    for note in sorted(scratch.glob(f"*/{STAGED_NOTE}")):
        try:
            begun = json.loads(note.read_text())
        except ValueError:  # it died while it wrote the note, so before it staged anything
            continue
        _restore(begun["kind"], begun["intent"], view(note.parent.name)).undo()


def _publish(
    state: State,
    run_id: str,
    batch: str,
    ordered: Sequence[tuple[str, Staged]],
    waiting: Sequence[int],
    emit: Emit,
) -> list[dict[str, Json]]:
    made = []
    for number in waiting:
        stage, each = ordered[number]
        output = each.publish()
        shown = output.to_json() if output is not None else None
        state.journal.published(run_id, batch, number, shown)
        if shown is not None:
            made.append(shown)
            emit(OutputPublished(stage=stage, output=shown))
    state.journal.done(run_id, batch)
    return made


def _undo(ordered: Sequence[tuple[str, Staged]]) -> None:
    """The latest first. One that cannot be undone raises; the open journal brings the next command here."""
    problems: list[Exception] = []
    for _, each in reversed(ordered):
        try:
            each.undo()
        except Exception as error:
            problems.append(error)
    if problems:
        raise RunFailed("undo-failed", f"Not everything could be taken back: {problems[0]}") from problems[0]


def _restore(name: str, intent: Mapping[str, Json], run: Any) -> Staged:
    module, _, attribute = name.partition(":")
    with contextlib.suppress(ImportError, AttributeError):
        kind: type[Staged] = getattr(importlib.import_module(module), attribute)
        return kind.restore(intent, run)
    raise RunFailed("unknown-staged-work", f"Nothing installed can finish '{name}' of '{run.stage}'.")
