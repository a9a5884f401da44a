"""What a run cannot promise: destinations that may get rows twice, and what has no place in a stream."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.compiler.draft import Draft
from headrace.core import Destination, Issue

__all__ = ["find_weak_promises"]

LEARNS = ("ml.train_model", "ml.train_code", "ml.promote_model")


def find_weak_promises(draft: Draft) -> Draft:
    """A warning for each destination that delivers at least once; an error for training in a stream."""
    return draft.with_issues([*_weak(draft), *_out_of_place(draft)])


def _weak(draft: Draft) -> Iterator[Issue]:
    for name in draft.order:
        stage = draft.stages.get(name)
        if isinstance(stage, Destination) and stage.guarantee == "at least once":
            yield draft.pipeline.issue(
                "at-least-once",
                f"'{name}' delivers at least once: {stage.means}.",
                stage=name,
                field="type",
                hint="A run that is killed while it publishes may deliver the rows of that batch again.",
                severity="warning",
            )


def _out_of_place(draft: Draft) -> Iterator[Issue]:
    for name in draft.order if draft.pipeline.mode == "streaming" else ():
        if draft.pipeline.stages[name].type in LEARNS:
            yield draft.pipeline.issue(
                "no-training-in-a-stream",
                "A batch of a stream is no data set to learn from.",
                stage=name,
                field="type",
                hint="Stream into files or a table, and train from there with a pipeline in batch mode.",
            )
