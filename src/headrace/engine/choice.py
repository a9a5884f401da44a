"""Which engine runs a pipeline, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from headrace.core import EngineSettings, InvalidCall, did_you_mean

from .capabilities import ENGINES, Gap, gap

__all__ = ["Choice", "choose_engine"]

_NAMED = 3
"""Stages that the sentence names before it only counts them."""


class Choice(NamedTuple):
    """An engine and the sentence that says why it."""

    name: str
    why: str


class _Blocked(NamedTuple):
    stage: str
    capability: str
    gap: Gap


def choose_engine(wanted: str, needs: Mapping[str, frozenset[str]], settings: EngineSettings) -> Choice:
    """The engine for stages with these needs; ``auto`` takes the embedded one where it can.

    Raises ``InvalidCall``: ``unknown-engine``, or ``engine-cannot`` whose ``where`` is the stage.
    """
    if wanted not in (*ENGINES, "auto"):
        raise InvalidCall(
            "unknown-engine", f"No engine '{wanted}'.", hint=did_you_mean(wanted, (*ENGINES, "auto"))
        )
    blocked = {engine: _blocked(engine, needs, settings) for engine in ENGINES}
    if wanted != "auto":
        if blocked[wanted]:
            raise _cannot(wanted, blocked)
        return Choice(wanted, "asked for")
    if not blocked["embedded"]:
        return Choice("embedded", "every stage can run on it")
    if blocked["spark"]:
        raise _cannot("spark", blocked)
    return Choice("spark", f"{_stages(blocked['embedded'])} it: {blocked['embedded'][0].gap.reason}")


def _blocked(engine: str, needs: Mapping[str, frozenset[str]], settings: EngineSettings) -> list[_Blocked]:
    connect = engine == "spark" and settings.spark.master.startswith("sc://")
    table = "spark connect" if connect else engine
    found = ((stage, each, gap(table, each)) for stage, named in needs.items() for each in sorted(named))
    return [_Blocked(stage, each, reason) for stage, each, reason in found if reason is not None]


def _cannot(engine: str, blocked: Mapping[str, list[_Blocked]]) -> InvalidCall:
    first = blocked[engine][0]
    able = next((each for each in ENGINES if not blocked[each]), None)
    return InvalidCall(
        "engine-cannot",
        f"The engine '{engine}' cannot run it ({first.capability}): {first.gap.reason}.",
        where=first.stage,
        hint=f"Use `--engine {able}`." if able else None,
    )


def _stages(blocked: list[_Blocked]) -> str:
    names = list(dict.fromkeys(each.stage for each in blocked))
    shown = [f"'{name}'" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
    return f"{listed} need" + ("s" if len(names) == 1 else "")
