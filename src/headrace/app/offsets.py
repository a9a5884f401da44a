"""Offsets: looked at, set, reset, and the last of these taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headrace.core import InvalidCall, Json, Pipeline, did_you_mean
from headrace.project import read_pipeline

from .workspace import Workspace, state_of

if TYPE_CHECKING:
    from headrace.storage.state import Offset, State

__all__ = ["committed_offsets", "move_offset", "reset_offsets", "show_offsets", "undo_offsets"]


def show_offsets(workspace: Workspace, given: Mapping[str, Json]) -> list[dict[str, Any]]:
    """Every origin that keeps an offset: how far it is, how much waits, what the next batch would hold."""
    from headrace.runner import look_at_offsets

    with state_of(workspace.project) as state:
        return look_at_offsets(workspace.project, workspace.text, workspace.file, given, state)


def committed_offsets(workspace: Workspace) -> list[dict[str, Any]]:
    """What is committed for a document's pipeline; opens no data."""
    pipeline = read_pipeline(workspace.text, workspace.file)
    with state_of(workspace.project) as state:
        return [_plain(each) for each in state.offsets.list(pipeline.name)]


def move_offset(workspace: Workspace, stage: str, value: Json) -> dict[str, Any]:
    """Sets an origin's offset. Raises ``InvalidCall`` while a stream of the pipeline runs."""
    with _still(workspace) as (state, pipeline):
        return _plain(state.offset_edits.move(pipeline.name, _origin(pipeline, stage), value))


def reset_offsets(workspace: Workspace, stage: str | None = None) -> list[dict[str, Any]]:
    """Lets one origin, or every one that has an offset, begin at the start again."""
    with _still(workspace) as (state, pipeline):
        names = [_origin(pipeline, stage)] if stage else _stages(state.offsets.list(pipeline.name))
        return [_plain(state.offset_edits.move(pipeline.name, name, None)) for name in names]


def undo_offsets(workspace: Workspace, stage: str | None = None) -> list[dict[str, Any]]:
    """Takes the last edit back, of one origin or of every one that was edited."""
    with _still(workspace) as (state, pipeline):
        names = [_origin(pipeline, stage)] if stage else sorted(state.offset_edits.edited(pipeline.name))
        if not names:
            raise InvalidCall("nothing-to-undo", f"No offset of '{pipeline.name}' has been edited.")
        return [_plain(state.offset_edits.undo(pipeline.name, name)) for name in names]


@contextmanager
def _still(workspace: Workspace) -> Iterator[tuple[State, Pipeline]]:
    """The state, while no stream of the pipeline runs or starts."""
    pipeline = read_pipeline(workspace.text, workspace.file)
    with state_of(workspace.project) as state, state.only_stream(pipeline.name):
        yield state, pipeline


def _stages(offsets: Sequence[Offset]) -> list[str]:
    return [each.stage for each in offsets if each.value is not None]


def _origin(pipeline: Pipeline, stage: str) -> str:
    """Raises ``InvalidCall`` (``no-such-origin``)."""
    names = [name for name, node in pipeline.stages.items() if not node.inputs]
    if stage in names:
        return stage
    raise InvalidCall(
        "no-such-origin",
        f"'{pipeline.name}' has no origin '{stage}'.",
        hint=did_you_mean(stage, names) or f"There is {', '.join(names)}.",
    )


def _plain(offset: Offset) -> dict[str, Any]:
    return {
        "pipeline": offset.pipeline,
        "stage": offset.stage,
        "offset": offset.value,
        "version": offset.version,
        "run_id": offset.run_id,
        "committed": offset.committed.isoformat() if offset.committed else None,
    }
