"""Registered models: versions, and the labels ``staging`` and ``production``, as aliases or as stages.

Open-source MLflow has both (stages are deprecated there), Unity Catalog aliases only, a Databricks workspace
registry stages only. A version is always asked for by its number or label, never as "the latest".
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from headrace.core import InvalidCall, Json

from .records import Promoted, Registered, TrainingRecord, VersionInfo
from .store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = [
    "LABELS",
    "Label",
    "Labels",
    "known_model",
    "labels_of",
    "promote",
    "read_version",
    "register",
    "tag_version",
    "versions",
]

Label = Literal["staging", "production"]
LABELS: tuple[Label, ...] = ("staging", "production")
READY_SECONDS = 300


class Labels(Protocol):
    """Which version of a model is staging and which production."""

    def get(self, model: str, label: Label) -> int | None:
        """The version with the label."""

    def set(self, model: str, label: Label, version: int) -> None:
        """Gives the label to one version, and takes it from the other."""

    def clear(self, model: str, label: Label, version: int) -> None:
        """Takes the label from this version, if it has it."""


class AliasLabels:
    """Labels as aliases."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def get(self, model: str, label: Label) -> int | None:
        """The version behind the alias."""
        aliases = self._client.get_registered_model(model).aliases
        return int(aliases[label]) if label in aliases else None

    def set(self, model: str, label: Label, version: int) -> None:
        """Points the alias at the version."""
        self._client.set_registered_model_alias(model, label, str(version))

    def clear(self, model: str, label: Label, version: int) -> None:
        """Removes the alias if it points at the version."""
        if self.get(model, label) == version:
            self._client.delete_registered_model_alias(model, label)


class StageLabels:
    """Labels as model stages, which only some registries have."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def get(self, model: str, label: Label) -> int | None:
        """The version in the stage; the highest, should there be several."""
        found = [
            int(each.version)
            for each in self._client.search_model_versions(f"name='{model}'")
            if (each.current_stage or "").casefold() == label
        ]
        return max(found, default=None)

    def set(self, model: str, label: Label, version: int) -> None:
        """Moves the version to the stage; what was there goes to the archive, or back to no stage."""
        before = self.get(model, label)
        self._move(model, version, label.capitalize())
        if before is not None and before != version:
            self._move(model, before, "Archived" if label == "production" else "None")

    def clear(self, model: str, label: Label, version: int) -> None:
        """Takes the version out of the stage if it is there."""
        if self.get(model, label) == version:
            self._move(model, version, "Archived" if label == "production" else "None")

    def _move(self, model: str, version: int, stage: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # deprecated where aliases are better, needed elsewhere
            self._client.transition_model_version_stage(model, str(version), stage)


def labels_of(client: MlflowClient, store: Store) -> Labels:
    """The back end that the registry has."""
    return StageLabels(client) if store.labels == "stages" else AliasLabels(client)


def register(client: MlflowClient, store: Store, logged: Registered, record: TrainingRecord) -> Registered:
    """A new version of the model, labeled staging."""
    from mlflow.exceptions import MlflowException

    name = record.register_as
    assert name is not None
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(
        name,
        logged.model_uri,
        run_id=logged.tracking_run,
        model_id=logged.model_uri.rpartition("/")[2] if logged.model_uri.startswith("models:/m-") else None,
        description=record.description or None,
        tags=dict(record.tags),
        await_creation_for=READY_SECONDS,
    )
    version = int(made.version)
    labels_of(client, store).set(name, "staging", version)
    return replace(logged, model=name, version=version)


def promote(client: MlflowClient, store: Store, model: str, version: int) -> Promoted:
    """Makes a version production; it is then no longer staging. Safe to repeat."""
    labels = labels_of(client, store)
    previous = labels.get(model, "production")
    labels.set(model, "production", version)
    if isinstance(labels, AliasLabels):  # a stage is one label or the other anyway
        labels.clear(model, "staging", version)
    return Promoted(version, previous)


def tag_version(
    client: MlflowClient, model: str, version: int, tags: Mapping[str, Json], instead_of: Iterable[str] = ()
) -> None:
    """Tags of a version; values are text. Of the tags ``instead_of`` which these are set, the others go."""
    there = read_version(client, model, version).tags
    for key in instead_of:
        if key in there and key not in tags:
            client.delete_model_version_tag(model, str(version), key)
    for key, value in tags.items():
        client.set_model_version_tag(model, str(version), key, str(value)[:5000])


def read_version(client: MlflowClient, model: str, version: int) -> Any:
    """MLflow's own record of a version. Raises ``InvalidCall`` (``unknown-version``)."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version(model, str(version))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise InvalidCall(
            "unknown-version",
            f"The model '{model}' has no version {version}.",
            hint=f"`headrace models show {model}` lists its versions.",
        ) from error


def known_model(client: MlflowClient, model: str) -> Any:
    """The registered model. Raises ``InvalidCall`` (``unknown-model``) with those that there are."""
    from mlflow.exceptions import MlflowException

    from headrace.core import did_you_mean

    try:
        return client.get_registered_model(model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        names = [each.name for each in client.search_registered_models(max_results=100)]
        hint = did_you_mean(model, names) or "`headrace models list` lists them."
        raise InvalidCall("unknown-model", f"No registered model '{model}'.", hint=hint) from error


def versions(client: MlflowClient, store: Store, model: str) -> list[VersionInfo]:
    """Every version, the highest first."""
    known_model(client, model)
    labels = labels_of(client, store)
    by_label = {label: labels.get(model, label) for label in LABELS}
    found = sorted(client.search_model_versions(f"name='{model}'"), key=lambda each: -int(each.version))
    return [_info(each, by_label) for each in found]


def _info(found: Any, by_label: dict[Label, int | None]) -> VersionInfo:
    number = int(found.version)
    created = time.strftime("%FT%TZ", time.gmtime(found.creation_timestamp / 1000))
    return VersionInfo(
        model=found.name,
        version=number,
        labels=tuple(label for label, each in by_label.items() if each == number),
        created=created,
        tracking_run=found.run_id or None,
        tags=dict(found.tags),
        description=found.description or "",
    )
