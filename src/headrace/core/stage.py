"""A stage: a frozen configuration plus one verb from data frames to data frames.

======================  ==========================================  =================================
kind                    verb                                        gives
======================  ==========================================  =================================
:class:`Origin`         ``read(run)``                               a frame, lazily
:class:`Processor`      ``transform(frame, run)``                   a frame, or a mapping by output
:class:`Destination`    ``write(frame, run)``                       a :class:`Staged` that can publish
======================  ==========================================  =================================

A verb has no effect that outlives a failed run; only the runner publishes.
"""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict

from .pipeline import ERRORS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame as Frame

    from .errors import Issue
    from .run import Run
    from .values import Json, Names, Output, Schema, Slice
else:
    Frame = Any

__all__ = [
    "STAGED_NOTE",
    "Destination",
    "Frame",
    "Origin",
    "Ports",
    "Processor",
    "Stage",
    "Staged",
    "WithErrors",
]


@dataclass(frozen=True, slots=True)
class Ports:
    """The inputs of a verb: named ones in order, and whether it takes any number or any names."""

    names: tuple[str, ...]
    required: int
    variadic: bool = False
    named: bool = False


class Stage(BaseModel):
    """What every stage has in common. Its fields are its validation, its form and its reference page."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, protected_namespaces=())

    verb: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    """Old types that still resolve to this stage."""
    stage_version: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset()
    """Engine capabilities, as ``engine/capabilities.py`` names them."""
    outputs: ClassVar[tuple[str, ...]] = ()
    """Named outputs; empty: one frame without a name."""
    default_output: ClassVar[str | None] = None
    """The named output that ``from: stage`` means; ``None``: it has to be named."""
    keeps_rows: ClassVar[bool] = False
    """Every input row becomes exactly one output row, so a count before it holds after it."""
    once: ClassVar[bool] = False
    """Its frame must be computed once: code with effects, draws without a seed."""
    eager: ClassVar[bool] = False
    """The verb does the work itself (trains, runs user code); analysis never calls it."""
    previews: ClassVar[bool] = True
    """A preview may call the verb; ``False`` where it would leave a trace (training)."""
    costly: ClassVar[bool] = False
    """Doing it twice costs more than keeping what it gave: joins, aggregates, sorts, user code."""
    rejects: ClassVar[bool] = False
    """Some rows may fail, so ``on_error: discard`` and ``route`` have a meaning."""

    @classmethod
    def upgrade(cls, config: dict[str, Json], from_version: int) -> dict[str, Json]:
        """A configuration written for an older ``stage_version``, as this one reads it."""
        del from_version
        return config

    @classmethod
    def ports(cls) -> Ports:
        """The input ports: the verb's parameters, without ``self`` and ``run``."""
        signature = inspect.signature(getattr(cls, cls.verb))
        given = [each for each in signature.parameters.values() if each.name not in ("self", "run")]
        plain = [each for each in given if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
        return Ports(
            names=tuple(each.name for each in plain),
            required=sum(each.default is each.empty for each in plain),
            variadic=any(each.kind is each.VAR_POSITIONAL for each in given),
            named=any(each.kind is each.VAR_KEYWORD for each in given),
        )

    def lanes(self) -> tuple[str, ...]:
        """The outputs of this very configuration; ``split_rows`` names its own. Empty: one without a name."""
        return self.outputs

    def engine_needs(self) -> frozenset[str]:
        """The capabilities that this very configuration needs."""
        return self.needs

    def readings(self, times: int) -> int:
        """How often the input is computed when the output is computed ``times`` times."""
        return 1 if self.eager else times

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema | Mapping[str, Schema] | None:
        """The columns of the output where they follow from the inputs'; ``None``: ask the engine.

        ``inputs`` is keyed by port; variadic ones are ``"0"``, ``"1"`` … ``eager`` verbs are not asked.
        """
        del inputs
        return None

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names] | None:
        """By port, the columns that the ``wanted`` ones of the output need; ``None``: all."""
        del wanted, inputs
        return None

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """What is wrong with this configuration whatever rows come in.

        ``sources`` has, for each port that is known, the stage that it reads from and which of its outputs.
        """
        del sources
        return ()

    def problems(self, inputs: Mapping[str, Schema]) -> Iterable[Issue]:
        """What is wrong with this configuration on these columns, beyond columns that do not exist."""
        del inputs
        return ()


class Origin(Stage, ABC):
    """Brings data in."""

    verb: ClassVar[str] = "read"
    reads_columns: ClassVar[bool] = False
    """Reading is cheaper where ``run.columns`` names some columns only."""

    @abstractmethod
    def read(self, run: Run) -> Frame:
        """The rows of this batch, lazily. With ``run.purpose == "analyse"`` only the schema matters."""

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """What has arrived since ``offset`` (``None``: since ever); ``None``: this origin keeps no offset."""
        del offset, run
        return None

    def afterwards(self, part: Slice, run: Run) -> Staged | None:
        """What is done to what was read once all is published: ``phase`` "origin", never raises."""
        del part, run
        return None

    def input_version(self, run: Run) -> str | None:
        """A key that changes when the schema may have; schemas are cached under it (``None``: never)."""
        del run
        return None


class Processor(Stage, ABC):
    """Turns frames into frames. Parameters of ``transform`` before ``run`` are its input ports."""

    verb: ClassVar[str] = "transform"

    if TYPE_CHECKING:
        # The ports differ from stage to stage, which no signature can say.
        transform: ClassVar[Any]
    else:

        @abstractmethod
        def transform(self, frame: Frame, run: Run) -> Frame:
            """The output frame, or frames by output name, or :class:`WithErrors`."""


class Destination(Stage, ABC):
    """Writes a frame where others will find it."""

    verb: ClassVar[str] = "write"
    guarantee: ClassVar[Literal["exactly once", "at least once"]] = "exactly once"
    means: ClassVar[str] = "published whole under the batch's identity"
    """What the guarantee rests on, in one phrase."""

    @abstractmethod
    def write(self, frame: Frame, run: Run) -> Staged:
        """Does the whole work but the last step: nothing is visible to a reader before ``publish``."""


@dataclass(frozen=True, slots=True)
class WithErrors:
    """A frame and the rows that failed, as ``run.on_error`` is ``discard`` or ``route``.

    ``rejected`` has the input's columns plus ``_error_code``, ``_error_message`` and ``_error_column``
    (all strings). The runner counts it, keeps it with the run, and hands it on as the lane ``errors``.
    """

    frame: Frame
    rejected: Frame
    output: str = ERRORS


STAGED_NOTE = "staged.json"
"""In a stage's scratch folder: ``{kind, intent}`` of what it has begun to stage, for whoever cleans up."""


class Staged(ABC):
    """Work that is done and not yet visible.

    Everything needed to finish or undo it is in ``intent()``, so that another process can do either after
    a crash; both are safe to repeat.
    """

    phase: ClassVar[Literal["data", "promotion", "origin"]] = "data"
    """Promotions come after every destination, what becomes of what was read after both."""

    @classmethod
    def kind(cls) -> str:
        """``module:Class``: what the journal finds the class by."""
        return f"{cls.__module__}:{cls.__qualname__}"

    def note(self, run: Run) -> Self:
        """Leaves word in the stage's scratch folder that something has begun to be staged; gives itself."""
        told = {"kind": self.kind(), "intent": self.intent()}
        (run.scratch / STAGED_NOTE).write_text(json.dumps(told))
        return self

    @abstractmethod
    def intent(self) -> dict[str, Json]:
        """JSON for the journal, without secrets."""

    @classmethod
    @abstractmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> Self:
        """The same staged work in another process; ``run`` gives connections, folder and log."""

    @abstractmethod
    def publish(self) -> Output | None:
        """Makes the work visible, whole."""

    @abstractmethod
    def undo(self) -> None:
        """Takes the work away; what was visible before stays so."""
