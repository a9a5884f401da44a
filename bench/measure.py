"""Whole processes timed side by side: in turn, A B A B, so that a noisy machine treats them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Figures", "alternate", "finish", "once", "ratio"]

RSS_UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""``ru_maxrss`` is in bytes on macOS and in kilobytes on Linux."""


@dataclass(frozen=True)
class Once:
    """One process, and whatever it started and waited for."""

    wall: float
    cpu: float
    peak: float
    said: str


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds; seconds, and peak memory of the largest process in MB."""

    wall: float
    cpu: float
    peak: float
    walls: tuple[float, ...]
    cpus: tuple[float, ...]
    said: tuple[str, ...]
    """What each round printed on standard output."""


def once(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Once:
    """Seconds and peak MB of one run. Raises ``RuntimeError`` when the command does not succeed.

    What ``wait4`` tells includes every descendant that was waited for: the sum of their CPU seconds, and the
    memory of the largest one.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command), env={**os.environ, **environment}, cwd=folder, stdout=output, stderr=complaints
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complained = (_content(each) for each in (output, complaints))
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{(said + complained)[-4000:]}")
    return Once(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / RSS_UNIT, said)


def _content(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return file.read().decode(errors="replace")  # type: ignore[attr-defined, no-any-return]


def finish(command: Sequence[str], folder: Path) -> str:
    """Runs what is not measured, and gives what it printed."""
    return once(command, {}, folder).said


def alternate(
    commands: Mapping[str, Sequence[str]],
    *,
    folder: Path,
    rounds: int = 5,
    warm_up: int = 1,
    environment: Mapping[str, str] | None = None,
    before: Callable[[str], None] | None = None,
) -> dict[str, Figures]:
    """Each command in turn, ``rounds`` times after ``warm_up`` that are not counted.

    ``before`` is called with a command's name each time that it is about to start: it puts the files back
    into the state that is to be measured.
    """
    seen: dict[str, list[Once]] = {name: [] for name in commands}
    for number in range(warm_up + rounds):
        for name, command in commands.items():
            if before is not None:
                before(name)
            figures = once(command, environment or {}, folder)
            if number >= warm_up:
                seen[name].append(figures)
    return {name: _figures(runs) for name, runs in seen.items()}


def _figures(runs: Sequence[Once]) -> Figures:
    walls, cpus = tuple(run.wall for run in runs), tuple(run.cpu for run in runs)
    said, peak = tuple(run.said for run in runs), max(run.peak for run in runs)
    return Figures(statistics.median(walls), statistics.median(cpus), peak, walls, cpus, said)


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """The median of ``first / second``, pair by pair."""
    return statistics.median(a / b for a, b in zip(first, second, strict=True))
