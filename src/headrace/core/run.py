"""What a stage may ask of the run it is part of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import datetime as dt
    import logging
    from pathlib import Path

    from pyspark.sql import SparkSession

    from .events import Event
    from .pipeline import OnError
    from .settings import TrackingSettings
    from .values import InputVersion, Json, Slice, Value

__all__ = ["Provenance", "Purpose", "Run"]

Purpose = Literal["run", "preview", "analyse"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is tracked with a model: where its numbers come from."""

    pipeline: str
    document: str
    """The document as written: references to secrets, never secrets."""
    document_digest: str
    parameters: Mapping[str, Json]
    environment: str | None
    engine: Mapping[str, str]
    """Engine name and version."""
    git: Mapping[str, Json] = field(default_factory=dict)
    """``commit`` and ``dirty``; empty outside a repository."""


class Run(Protocol):
    """One stage's view of the run. Everything here is safe to use from the verb's own thread."""

    @property
    def id(self) -> str:
        """The run's identity, sortable by start."""

    @property
    def batch(self) -> str:
        """The batch within the run: with the run's and the stage's names, the identity of what is written."""

    @property
    def started(self) -> dt.datetime:
        """When the run started, in UTC."""

    @property
    def stage(self) -> str:
        """The name of the stage that asks."""

    @property
    def purpose(self) -> Purpose:
        """``analyse`` wants schemas, ``preview`` a few rows and no effects, ``run`` the whole thing."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Resolved, typed parameters; secret ones are :class:`Secret`."""

    @property
    def session(self) -> SparkSession:
        """The engine's session."""

    @property
    def engine(self) -> str:
        """``embedded`` or ``spark``."""

    @property
    def project(self) -> str:
        """The project's name: what its state is kept under, with the environment."""

    @property
    def environment(self) -> str | None:
        """The environment of the project."""

    @property
    def folder(self) -> Path:
        """The project's folder: relative locations start here."""

    @property
    def scratch(self) -> Path:
        """A folder of this stage's own, removed when the run ends, crashed or not."""

    @property
    def on_error(self) -> OnError:
        """What to do with a row that fails."""

    @property
    def slice(self) -> Slice | None:
        """What an origin with an offset reads in this batch; ``None``: all that matches."""

    @property
    def reads_new(self) -> bool:
        """Whether an origin that can keep an offset reads what is new unless told otherwise: in a stream."""

    @property
    def limit(self) -> int | None:
        """How many rows a preview wants from an origin; ``None``: all."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns that anything downstream of an origin uses; ``None``: all of them, or not known."""

    @property
    def log(self) -> logging.Logger:
        """Goes to the run's log, secrets taken out."""

    @property
    def provenance(self) -> Provenance:
        """What belongs on record about this run."""

    @property
    def inputs(self) -> tuple[InputVersion, ...]:
        """Every object that the stages upstream of this one have said they read."""

    @property
    def tracking(self) -> TrackingSettings:
        """Where models are tracked and registered."""

    def connection(self, name: str) -> Value:
        """The connection of that name, its secrets resolved. Raises ``InvalidCall`` if there is none."""

    def used(self, *inputs: InputVersion) -> None:
        """Puts objects that this stage reads on record."""

    def counted(
        self, rows_in: int | None = None, rows_out: int | None = None, output: str | None = None
    ) -> None:
        """Says how many rows this stage has read or written so far; the last word counts."""

    def watch(self, count: Callable[[], int | None], *, direction: Literal["in", "out", "errors"]) -> None:
        """Asks ``count`` for the stage's rows whenever counts are shown, and once more at the end."""

    def mask(self, text: str) -> str:
        """``text`` with every secret of the run taken out, for records that others keep."""

    def emit(self, event: Event) -> None:
        """Tells whoever watches."""

    def check_cancelled(self) -> None:
        """Raises ``Cancelled`` when the run was asked to stop; long loops call it."""
