"""What a benchmark found, in words: a section of ``RESULTS.md``, and the file that the sections make."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measure import Figures

__all__ = ["Claim", "Section", "figures_table", "machine", "update", "whole"]

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = (
    *("headrace", "pysail", "pyspark", "pyspark-client", "mlflow", "scikit-learn"),
    *("pandas", "pyarrow", "duckdb"),
)
HEAD = """\
# Results

Written by `make bench` (`.venv/bin/python bench`), which measures everything again; `python bench story etl`
measures some and rewrites their sections. Whole processes, their descendants included, are timed in turn
(A B A B), so that a noisy machine treats them alike; a ratio is the median of the ratios pair by pair,
seconds are medians.
"""
CLAIMS = "| what | measured | target | reached |\n|---|---:|---:|---|"
REACHED = {True: "yes", False: "**no**", None: "-"}


@dataclass(frozen=True)
class Claim:
    """A number that was asked for; ``reached`` is ``None`` where it has no target or was not measured."""

    what: str
    measured: str
    target: str
    reached: bool | None

    @staticmethod
    def at_most(what: str, value: float, limit: float, unit: str = " s") -> Claim:
        """Reached when the value is no more than the limit."""
        return Claim(what, f"{value:.2f}{unit}", f"≤ {limit:g}{unit}", value <= limit)

    @staticmethod
    def at_least(what: str, value: float, limit: float, unit: str = " ×") -> Claim:
        """Reached when the value is no less than the limit."""
        return Claim(what, f"{value:.2f}{unit}", f"≥ {limit:g}{unit}", value >= limit)

    @staticmethod
    def not_run(what: str, target: str, why: str) -> Claim:
        """Nothing was measured, for a reason."""
        return Claim(what, f"not run: {why}", target, None)

    def row(self) -> str:
        """As a line of a table."""
        return f"| {self.what} | {self.measured} | {self.target} | {REACHED[self.reached]} |"


@dataclass(frozen=True)
class Section:
    """One benchmark's part of the file."""

    name: str
    title: str
    claims: Sequence[Claim]
    body: str

    def text(self) -> str:
        """As Markdown."""
        rows = "\n".join(claim.row() for claim in self.claims)
        command = f"`python bench {self.name}` · {dt.date.today().isoformat()} · {machine()}"
        return f"## {self.title}\n\n{command}\n\n{CLAIMS}\n{rows}\n\n{self.body.strip()}\n"


def machine() -> str:
    """Where and with what this is measured, in a line."""
    system = platform.platform(aliased=True, terse=True)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    found = [
        f"{_processor()}, {_cores()} cores, {memory:.0f} GB",
        system,
        f"Python {platform.python_version()}",
    ]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found) + f"; load when it began {LOAD:.1f}"


LOAD = os.getloadavg()[0]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    text = known.read_text() if known.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def figures_table(figures: Mapping[str, Figures]) -> str:
    """A Markdown table of medians."""
    lines = ["| process | wall s | CPU s | peak MB |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {f.wall:.2f} | {f.cpu:.2f} | {f.peak:.0f} |" for name, f in figures.items()]
    return "\n".join(lines)


def update(path: Path, name: str, text: str, order: Sequence[str]) -> None:
    """Puts a section into the file, in place of the one of that name; the others stay as they are."""
    sections = _sections(path.read_text()) if path.exists() else {}
    path.write_text(whole(sections | {name: text}, order))


def whole(sections: Mapping[str, str], order: Sequence[str]) -> str:
    """The file: its head, every claim at a glance, and the sections."""
    known = {name: sections[name] for name in order if name in sections}
    at_a_glance = [CLAIMS, *(row for text in known.values() for row in _claims(text))]
    parts = [HEAD, "## At a glance\n\n" + "\n".join(at_a_glance) + "\n"]
    parts += [f"<!-- section: {name} -->\n{text.strip()}\n" for name, text in known.items()]
    return "\n".join(parts)


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^<!-- section: ([\w-]+) -->\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _claims(section: str) -> list[str]:
    after = section.partition(CLAIMS + "\n")[2]
    return after.partition("\n\n")[0].splitlines()
