"""A project: a folder with pipelines, connections and settings, in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.core import (
    EngineSettings,
    InvalidCall,
    InvalidDocument,
    Issue,
    Json,
    Secret,
    TrackingSettings,
    Value,
)

from .connections import Connections, read_connections
from .documents import read_bytes
from .problems import show
from .secrets import Secrets
from .settings import SETTINGS_FILE, Settings, read_settings

__all__ = ["Project", "find_project", "open_project"]


@dataclass(frozen=True, slots=True)
class Project:
    """What pipelines of one folder share. Opening it resolves no secret; asking for one does."""

    name: str
    folder: Path
    environment: str | None = None
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Values laid over the defaults of every pipeline that has such parameters."""
    connections: Connections = field(default_factory=Connections, repr=False)
    secrets: Secrets = field(default_factory=lambda: Secrets(Path()), repr=False)

    def connection(self, name: str) -> Value:
        """The connection of that name, its variables and secrets filled in.

        Raises ``InvalidCall`` (``unknown-connection``), or ``InvalidDocument`` with every variable and secret
        that is missing.
        """
        return self.connections.open(name, self.secrets)

    def secret(self, name: str) -> Secret:
        """The secret of that name. Raises ``InvalidDocument`` (``unresolved-secret``) when nothing has it."""
        found = self.secrets.find(name)
        if found is None:
            raise InvalidDocument([self.secrets.unresolved(name)])
        return found

    def reveal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameter values whose secrets are secrets, not references such as ``${secret:NAME}``.

        Called in the run's own process. Raises ``InvalidDocument`` with every secret that is missing.
        """
        from .references import Unresolved, resolved

        missing: list[Unresolved] = []

        def look_up(space: str, key: str) -> str | Secret | None:
            return self.secrets.variables.get(key) if space == "env" else self.secrets.find(key)

        shown = dict(values)
        for name, value in values.items():
            if isinstance(value, Secret):
                text = resolved(value.reveal(), look_up, missing, (name,))
                shown[name] = Secret(name, text.reveal() if isinstance(text, Secret) else text)
        if missing:
            raise InvalidDocument(self._missing(each) for each in missing)
        return shown

    def _missing(self, missing: Any) -> Issue:
        spot = ".".join(("parameters", *missing.path))
        if missing.space == "secret":
            return self.secrets.unresolved(missing.name).at(field=spot)
        message = f"The environment variable '{missing.name}' is not set."
        return Issue("unset-environment-variable", message, field=spot)


def find_project(start: Path) -> Path:
    """The nearest folder upwards, ``start`` included, that has a ``headrace.toml``; otherwise ``start``."""
    here = start.resolve()
    return next((each for each in (here, *here.parents) if (each / SETTINGS_FILE).is_file()), here)


def open_project(folder: Path, environment: str | None = None) -> Project:
    """The project in a folder; without a ``headrace.toml`` it has the folder's name and every default.

    Raises ``InvalidDocument`` with every problem in the settings and the connections, and ``InvalidCall``
    when there is no such folder or environment.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise InvalidCall("no-such-project", f"There is no folder {show(str(folder))}.")
    issues: list[Issue] = []
    settings = Settings()
    try:
        settings = _settings(folder, environment)
    except InvalidDocument as error:
        issues.extend(error.issues)
    connections = read_connections(folder, environment, issues)
    if issues:
        raise InvalidDocument(issues)
    return Project(
        name=settings.name or folder.name or "project",
        folder=folder,
        environment=environment,
        engine=settings.engine,
        tracking=settings.tracking,
        parameters=settings.parameters,
        connections=connections,
        secrets=Secrets(folder, environment, settings.secrets),
    )


def _settings(folder: Path, environment: str | None) -> Settings:
    path = folder / SETTINGS_FILE
    if path.is_file():
        return read_settings(read_bytes(path), str(path), environment)
    return read_settings(b"", str(path), environment)
