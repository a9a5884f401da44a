"""What the tracker does once a gate has been asked: labels, and the decision on version and run."""

from __future__ import annotations

import json
from collections.abc import Mapping

from headrace.core import Json
from headrace.ml.tracking import registry
from headrace.ml.tracking.records import Promoted
from headrace.ml.tracking.runs import client_of, log_texts
from headrace.ml.tracking.store import Store

__all__ = ["promote_version", "record_decision", "restore_production"]


DECISION = ("decision", "when", "reason", "inputs", "production_before", "decided_by")
"""What a decision tells."""


def promote_version(store: Store, model: str, version: int) -> Promoted:
    """Makes a version production, and no longer staging."""
    return registry.promote(client_of(store), store, model, version)


def record_decision(
    store: Store, model: str, version: int, tracking_run: str | None, decision: Mapping[str, Json]
) -> None:
    """The decision with everything that went into it, on the version and in its training's run.

    What the version's tags say of an earlier decision goes: the promotion log keeps that.
    """
    client = client_of(store)
    tags = {f"headrace.{key}": _text(value) for key, value in decision.items() if value is not None}
    registry.tag_version(client, model, version, tags, instead_of=[f"headrace.{key}" for key in DECISION])
    if tracking_run:
        for key, value in tags.items():
            client.set_tag(tracking_run, key, value)
        log_texts(
            client, tracking_run, {"promotion/decision.json": json.dumps(decision, indent=1, default=str)}
        )


def restore_production(store: Store, model: str, version: int, previous: int | None) -> None:
    """Takes a promotion back: the previous version is production again, or none, and this one staging."""
    client = client_of(store)
    labels = registry.labels_of(client, store)
    if labels.get(model, "production") != version:
        return
    if previous is None:
        labels.clear(model, "production", version)
    else:
        labels.set(model, "production", previous)
    labels.set(model, "staging", version)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
