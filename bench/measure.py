"""Whole processes timed side by side: in turn, A B A B, so that a noisy machine treats them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Figures", "alternate", "ratio", "table"]


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds; seconds, and peak memory of the largest process in MB."""

    wall: float
    cpu: float
    peak: float
    walls: tuple[float, ...]
    cpus: tuple[float, ...]


def once(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds and peak MB of one run, children included. Raises when the command does."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command), env={**os.environ, **environment}, cwd=folder, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)}\n{output.read().decode(errors='replace')[-4000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def alternate(
    commands: Mapping[str, Sequence[str]],
    *,
    rounds: int = 5,
    warm_up: int = 1,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> dict[str, Figures]:
    """Each command in turn, ``rounds`` times after ``warm_up`` that are not counted."""
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for number in range(warm_up + rounds):
        for name, command in commands.items():
            figures = once(command, environment or {}, folder or Path.cwd())
            if number >= warm_up:
                seen[name].append(figures)
    return {name: _figures(runs) for name, runs in seen.items()}


def _figures(runs: Sequence[tuple[float, float, float]]) -> Figures:
    walls, cpus, peaks = zip(*runs, strict=True)
    return Figures(statistics.median(walls), statistics.median(cpus), max(peaks), tuple(walls), tuple(cpus))


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """The median of ``first / second``, pair by pair."""
    return statistics.median(a / b for a, b in zip(first, second, strict=True))


def table(figures: Mapping[str, Figures]) -> str:
    """A Markdown table of medians."""
    lines = ["| what | wall s | CPU s | peak MB |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {f.wall:.2f} | {f.cpu:.2f} | {f.peak:.0f} |" for name, f in figures.items()]
    return "\n".join(lines)
