"""What a project says about engines and tracking: values that ``project`` reads and other rooms obey."""

from __future__ import annotations

from typing import Literal

from .values import Json, Value

__all__ = ["EngineSettings", "SparkSettings", "TrackingSettings"]


class SparkSettings(Value):
    """The ``[engine.spark]`` section."""

    master: str = "local[*]"
    packages: tuple[str, ...] = ()
    python: str | None = None
    settings: dict[str, str] = {}


class EngineSettings(Value):
    """The ``[engine]`` section: which engine, and how much of the machine it may use."""

    name: Literal["auto", "embedded", "spark"] = "auto"
    memory: str | None = None
    """How much memory queries may hold, ``"2GB"``; ``None``: 60 % of the machine's."""
    threads: int | None = None
    spark: SparkSettings = SparkSettings()


class TrackingSettings(Value):
    """The ``[tracking]`` section; ``None`` means the project's own embedded store."""

    uri: str | None = None
    registry_uri: str | None = None
    experiment: str | None = None
    labels: Literal["aliases", "stages", "auto"] = "auto"
    """How the registry marks staging and production."""
    tags: dict[str, Json] = {}
