"""Which engine runs a pipeline, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headrace.core import EngineSettings, InvalidCall, did_you_mean

from .capabilities import ENGINES, Gap, gap

__all__ = ["Choice", "choose_engine"]


class Choice(NamedTuple):
    """An engine and the sentence that says why it."""

    name: str
    why: str


def choose_engine(wanted: str, needs: Mapping[str, frozenset[str]], settings: EngineSettings) -> Choice:
    """The engine for stages with these needs; ``auto`` takes the embedded one where it can.

    Raises ``InvalidCall``: ``unknown-engine``, or ``engine-cannot`` whose ``where`` is the stage.
    """
    if wanted == "auto":
        return _choose(needs, settings)
    if wanted not in ENGINES:
        raise InvalidCall(
            "unknown-engine", f"No engine '{wanted}'.", hint=did_you_mean(wanted, (*ENGINES, "auto"))
        )
    blocked = _first_gap(wanted, needs)
    if blocked is not None:
        stage, capability, found = blocked
        able = next((each for each in ENGINES if _first_gap(each, needs) is None), None)
        raise InvalidCall(
            "engine-cannot",
            f"The engine '{wanted}' cannot run it ({capability}): {found.reason}.",
            where=stage,
            hint=f"Use `--engine {able}`." if able else None,
        )
    return Choice(wanted, "asked for")


def _choose(needs: Mapping[str, frozenset[str]], settings: EngineSettings) -> Choice:
    blocked = _first_gap("embedded", needs)
    if blocked is None:
        return Choice("embedded", "every stage can run on it")
    stage, capability, found = blocked
    return Choice("spark", f"'{stage}' needs it ({capability}: {found.reason}), at {settings.spark.master}")


def _first_gap(engine: str, needs: Mapping[str, frozenset[str]]) -> tuple[str, str, Gap] | None:
    for stage, capabilities in needs.items():
        for capability in sorted(capabilities):
            found = gap(engine, capability)
            if found is not None:
                return stage, capability, found
    return None
