"""What crosses the pipe between a run and its tracker: frozen values, plain and picklable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headrace.core import InputVersion, Json
from headrace.ml.learning.dataset import Feature
from headrace.ml.learning.learning_curve import Curve

__all__ = [
    "Candidate",
    "Fetched",
    "HoldoutData",
    "ModelFile",
    "Promoted",
    "Registered",
    "RunRecord",
    "Scored",
    "TrainingRecord",
    "VersionInfo",
]

Metric = tuple[str, float, int]
"""Key, value and step."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A tracking run as it begins: everything that is known before training."""

    headrace_run: str
    stage: str
    experiment: str
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    texts: Mapping[str, str]
    """Artifacts by path."""
    inputs: tuple[InputVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A pickled model and what MLflow has to know about it."""

    path: str
    flavor: str
    features: tuple[Feature, ...]
    output: str
    """MLflow's type of a prediction: ``double``, ``string``, ``long`` or ``boolean``."""
    requirements: tuple[str, ...]
    example: Mapping[str, list[Json]]
    about: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HoldoutData:
    """The holdout of one training, in the run's scratch: what a production version is scored on."""

    path: str
    target: str
    task: str
    classes: tuple[Json, ...] = ()
    split: Mapping[str, Json] = field(default_factory=dict)
    split_hashes: str | None = None
    """A file with the sorted hashes of the training rows."""

    @property
    def there(self) -> bool:
        """Whether the file is still in its place."""
        return Path(self.path).exists()


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """A tracking run as training ends."""

    metrics: tuple[Metric, ...]
    texts: Mapping[str, str]
    files: Mapping[str, str]
    """Local path by artifact path."""
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    model: ModelFile
    holdout: HoldoutData
    register_as: str | None = None
    description: str = ""
    importance: bool = False
    plots: bool = False
    library: str | None = None
    """Whose learner it is; ``None``: the user's own code made the model."""
    curve: Curve | None = None
    """The learning curve, where only the training could tell."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A logged model; ``version`` is ``None`` when it was not registered."""

    tracking_run: str
    model_uri: str
    model: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A version's metrics on a holdout, and how many of its rows it was trained on (``None``: not known)."""

    version: int
    metrics: Mapping[str, float]
    overlap: int | None
    why: str = ""
    rows: int = 0
    needs_spark: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that a gate is asked about, as the training's row tells it."""

    model: str
    version: int
    tracking_run: str
    metrics: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Promoted:
    """What the registry's labels were before a promotion and are after it."""

    production: int | None
    previous: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A version's files on this machine, and Spark's type of its predictions."""

    version: int
    folder: str
    output: str


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A registered version with its labels and its training's tags."""

    model: str
    version: int
    labels: tuple[str, ...]
    created: str
    tracking_run: str | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
