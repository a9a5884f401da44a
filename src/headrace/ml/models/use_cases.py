"""Use cases about registered models: what a command line or a notebook asks for. Plain values in and out."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from headrace.core import InvalidCall, Json, TrackingSettings
from headrace.ml.tracking.helper import Helper, helper_for
from headrace.ml.tracking.records import VersionInfo

from .comparison import compare

if TYPE_CHECKING:
    from headrace.storage.state import Promotion, State

__all__ = [
    "Place",
    "compare_versions",
    "list_models",
    "promote",
    "rollback",
    "selector_of",
    "show_model",
]


class Place(Protocol):
    """Where models are: a project, as it opens."""

    @property
    def folder(self) -> Path:
        """The project's folder."""

    @property
    def name(self) -> str:
        """The project's name."""

    @property
    def environment(self) -> str | None:
        """The environment."""

    @property
    def tracking(self) -> TrackingSettings:
        """Where models are tracked."""


def selector_of(version: str | int) -> str:
    """``3``, ``staging``, ``production`` or any alias, as the registry is asked for it."""
    text = str(version).strip().removeprefix("v")
    if text.isdigit():
        return f"version:{int(text)}"
    return f"label:{text}" if text in ("staging", "production") else f"alias:{text}"


def list_models(place: Place) -> list[dict[str, Json]]:
    """Each registered model: ``name, staging, production, versions, description``."""
    found: list[dict[str, Json]] = _helper(place).call("list_models")
    return found


def show_model(place: Place, model: str) -> dict[str, Json]:
    """A model's versions with labels and metrics, and every decision about them, the latest first."""
    versions: list[VersionInfo] = _helper(place).call("list_versions", model)
    with _state(place) as state:
        decisions = [_decision(each) for each in state.promotions.history(model)]
    by_label = {label: each.version for each in versions for label in each.labels}
    return {
        "name": model,
        "production": by_label.get("production"),
        "staging": by_label.get("staging"),
        "versions": [_version(each) for each in versions],
        "decisions": decisions,
    }


def compare_versions(
    place: Place, model: str, first: str | int, second: str | int, *, everything: bool = False
) -> dict[str, Json]:
    """Two versions side by side: ``a, b, rows[{section, name, a, b, better}], notes``, only what differs."""
    helper = _helper(place)
    numbers = [helper.call("resolve_version", model, selector_of(each)) for each in (first, second)]
    records = [helper.call("read_training", model, number) for number in numbers]
    rows, notes = compare(*records, versions=(numbers[0], numbers[1]), everything=everything)
    names = [f"version {number}" for number in numbers]
    return {
        "model": model,
        "a": names[0],
        "b": names[1],
        "versions": numbers,
        "rows": rows,
        "notes": notes,
    }


def promote(place: Place, model: str, version: str | int, *, reason: str | None = None) -> dict[str, Json]:
    """Puts a version into production by hand; the promotion log says who and why."""
    number: int = _helper(place).call("resolve_version", model, selector_of(version))
    with _locked(place, model) as state:
        before: int | None = _helper(place).call("production_version", model)
        if before == number:
            raise InvalidCall(
                "already-production", f"Version {number} of '{model}' is in production already."
            )
        told = reason or "Promoted by hand."
        return _switch(place, state, model, number, before, "manual", told)


def rollback(place: Place, model: str, *, reason: str | None = None) -> dict[str, Json]:
    """Puts back what was in production before, as the promotion log knows it."""
    _helper(place).call("list_versions", model)
    with _locked(place, model) as state:
        now: int | None = _helper(place).call("production_version", model)
        before = previous_production(state.promotions.history(model), now)
        if now is None or before is None:
            raise InvalidCall(
                "nothing-to-roll-back",
                f"The promotion log knows of no version of '{model}' that was in production before.",
                hint=f"`headrace models promote {model} VERSION` puts one there by hand.",
            )
        told = reason or f"Rolled back from version {now}."
        return _switch(place, state, model, before, now, "rollback", told)


def previous_production(history: list[Promotion], now: int | None) -> int | None:
    """What ``now`` replaced; after a rollback, what the version rolled back to had replaced.

    ``history`` is the latest first.
    """
    for each in history:
        if each.decision == "promoted" and each.version == now and each.kind != "rollback":
            return each.previous if each.previous != now else None
    return None


def _switch(
    place: Place,
    state: State,
    model: str,
    version: int,
    before: int | None,
    kind: Literal["manual", "rollback"],
    reason: str,
) -> dict[str, Json]:
    helper = _helper(place)
    helper.call("promote_version", model, version)
    actor = _actor()
    told = {"decision": "promoted", "reason": reason, "production_before": before, "decided_by": actor}
    helper.call("record_decision", model, version, None, told)
    number = len(state.promotions.history(model)) + 1
    logged = state.promotions.append(
        f"{kind}:{model}:{number}",
        kind=kind,
        model=model,
        version=version,
        decision="promoted",
        previous=before,
        reason=reason,
        actor=actor,
    )
    return {**_decision(logged), "production": version}


def _decision(logged: Promotion) -> dict[str, Json]:
    return {**asdict(logged), "at": logged.at.isoformat(timespec="seconds")}


def _version(info: VersionInfo) -> dict[str, Json]:
    tags = {name.removeprefix("headrace."): value for name, value in info.tags.items()}
    metrics = {
        name: value for name, value in info.metrics.items() if not name.startswith(("fold.", "search."))
    }
    return {**asdict(info), "labels": list(info.labels), "metrics": metrics, "tags": tags}


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _helper(place: Place) -> Helper:
    return helper_for(place.folder, place.tracking)


@contextmanager
def _state(place: Place) -> Iterator[State]:
    from headrace.storage.state import open_state

    with open_state(place.folder, project=place.name, environment=place.environment) as state:
        yield state


@contextmanager
def _locked(place: Place, model: str) -> Iterator[State]:
    with _state(place) as state, state.model_lock(model):
        yield state
