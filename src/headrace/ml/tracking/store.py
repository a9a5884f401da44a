"""Where models are tracked: a server that the project names, or a store of its own in ``.headrace``."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Literal

from headrace.core import InvalidCall, TrackingSettings

__all__ = ["Store", "make_ready", "own_store", "store_of"]

SCHEMA = "mlflow_schema.sql"
SCHEMA_OF = "3.17"
"""The MLflow whose tables the schema file holds; another one migrates a fresh database itself, in seconds."""


@dataclass(frozen=True, slots=True)
class Store:
    """Tracking and registry, resolved: nothing here depends on the environment any more."""

    tracking_uri: str
    registry_uri: str
    labels: Literal["aliases", "stages"]
    experiment: str | None
    home: str
    """The project's ``.headrace``."""
    embedded: bool

    @property
    def is_here(self) -> bool:
        """Whether nothing of it is elsewhere: neither the runs nor the registered models."""
        return self.embedded and self.registry_uri == self.tracking_uri

    @property
    def database(self) -> Path:
        """The embedded store's file."""
        return Path(self.home) / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """Where the embedded store keeps models and artifacts."""
        return Path(self.home) / "mlartifacts"


def store_of(folder: Path, tracking: TrackingSettings) -> Store:
    """The project's settings over ``MLFLOW_TRACKING_URI`` and its kin over the embedded store."""
    home = folder.resolve() / ".headrace"
    own = f"sqlite:///{home / 'mlflow.db'}"
    uri = tracking.uri or os.environ.get("MLFLOW_TRACKING_URI") or own
    _refuse_password(uri)
    registry = tracking.registry_uri or os.environ.get("MLFLOW_REGISTRY_URI") or _registry_beside(uri)
    workspace = registry == "databricks" or registry.startswith("databricks://")
    labels = tracking.labels if tracking.labels != "auto" else "stages" if workspace else "aliases"
    experiment = tracking.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME")
    return Store(uri, registry, labels, experiment, str(home), uri == own)


def own_store(folder: Path) -> Store:
    """The embedded store of a folder, whatever the environment says."""
    home = folder.resolve() / ".headrace"
    uri = f"sqlite:///{home / 'mlflow.db'}"
    return Store(uri, uri, "aliases", None, str(home), embedded=True)


def _registry_beside(uri: str) -> str:
    """Unity Catalog is the registry of a Databricks workspace unless told otherwise, as in MLflow itself."""
    if uri == "databricks":
        return "databricks-uc"
    return uri.replace("databricks://", "databricks-uc://", 1) if uri.startswith("databricks://") else uri


def _refuse_password(uri: str) -> None:
    rest = uri.partition("://")[2].partition("/")[0]
    if uri.startswith("http") and ":" in rest.rpartition("@")[0]:
        raise InvalidCall(
            "secret-in-tracking-uri",
            "The tracking URI holds a password, which would be recorded with every model.",
            hint="Give it as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
        )


def make_ready(store: Store) -> None:
    """The embedded store with its tables, made from a schema file instead of MLflow's seventy migrations."""
    if not store.embedded or store.database.exists():
        return
    Path(store.home).mkdir(parents=True, exist_ok=True)
    if not version("mlflow").startswith(SCHEMA_OF + "."):
        return
    text = files("headrace.ml.tracking").joinpath(SCHEMA).read_text()
    draft = store.database.with_name(f"mlflow.db.{os.getpid()}")
    draft.unlink(missing_ok=True)
    connection = sqlite3.connect(draft)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(text)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
    try:
        os.link(
            draft, store.database
        )  # whoever comes first wins; a rename would take the store from under it
    except FileExistsError:
        pass
    finally:
        draft.unlink()
