"""What a project says about engines and tracking: values that ``project`` reads and other rooms obey."""

from __future__ import annotations

from typing import Literal

from .values import Json, Value

__all__ = ["EngineSettings", "SparkSettings", "TrackingSettings"]


class SparkSettings(Value):
    """The ``[engine.spark]`` section."""

    master: str = "local[*]"
    """`local[*]`, `spark://host:7077`, `yarn`, `k8s://…`, or `sc://host:15002` for Spark Connect."""
    packages: tuple[str, ...] = ()
    """Maven coordinates that the session loads."""
    python: str | None = None
    """The Python that runs user functions on workers. Without it, the one that runs Headrace."""
    settings: dict[str, str] = {}
    """Spark's own settings, `spark.…`."""


class EngineSettings(Value):
    """The ``[engine]`` section: which engine, and how much of the machine it may use."""

    name: Literal["auto", "embedded", "spark"] = "auto"
    """Which engine; `auto` is `embedded` when every stage can run on it, else `spark`."""
    memory: str | None = None
    """How much memory queries may hold, ``"2GB"``. Without it, 60 % of the machine's."""
    threads: int | None = None
    """How many threads a query may use. Without it, one per core."""
    spark: SparkSettings = SparkSettings()


class TrackingSettings(Value):
    """The ``[tracking]`` section; ``None`` means the project's own embedded store."""

    uri: str | None = None
    """MLflow's tracking URI. Without it, `MLFLOW_TRACKING_URI`, else the project's own store."""
    registry_uri: str | None = None
    """The model registry's URI. Without it, the tracking server's."""
    experiment: str | None = None
    """Where runs are filed. Without it, `MLFLOW_EXPERIMENT_NAME`, else the pipeline's name."""
    labels: Literal["aliases", "stages", "auto"] = "auto"
    """How the registry marks staging and production."""
    tags: dict[str, Json] = {}
    """Put on every tracked run."""
