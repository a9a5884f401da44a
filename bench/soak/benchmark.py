"""The long tests: what they did, over and over, and whether all of it held."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from results import Claim, Section
from setting import BENCH, PYTHON, Setting

__all__ = ["measure"]

BODY = """\
The tests that `make soak` runs: processes killed with `kill -9` at moments drawn from a seed, servers that go
away, every combination of formats and stores. A test passes when afterwards each row is there exactly once.

| test | seconds | held | what it did |
|---|---:|---|---|
{rows}
"""


@dataclass(frozen=True)
class Outcome:
    """One test."""

    name: str
    seconds: float
    passed: bool
    figures: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, case: ET.Element) -> Outcome:
        """From JUnit's XML; what a test recorded (``record_property``) are its figures."""
        found = case.iterfind("properties/property")
        return cls(
            f"{case.get('classname', '').rpartition('.')[2]}: {case.get('name', '')}",
            float(case.get("time", 0)),
            all(case.find(kind) is None for kind in ("failure", "error", "skipped")),
            tuple((each.get("name", ""), each.get("value", "")) for each in found),
        )

    def row(self) -> str:
        """As a line of a table."""
        did = ", ".join(f"{value} {name}" for name, value in self.figures)
        return f"| {self.name} | {self.seconds:.0f} | {'yes' if self.passed else '**no**'} | {did} |"


def measure(setting: Setting) -> Section:
    """Runs them all; ``quick`` only those that have to do with our own state."""
    report = setting.folder / "soak.xml"
    which = ["tests/storage/state"] if setting.quick else []
    subprocess.run(
        [
            PYTHON,
            "-m",
            "pytest",
            "-m",
            "soak",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            *which,
        ],
        cwd=BENCH.parent,
        check=False,
    )
    outcomes = _outcomes(report)
    if not outcomes:
        raise RuntimeError("no soak test ran")
    held = sum(each.passed for each in outcomes)
    kills = sum(int(value) for each in outcomes for name, value in each.figures if name == "kills")
    claims = [
        Claim(
            "long tests that held",
            f"{held} of {len(outcomes)}",
            "all",
            held == len(outcomes),
        ),
        Claim("processes killed in them", str(kills), "≥ 200", kills >= 200),
    ]
    return Section(
        "soak", "Killed, again and again", claims, BODY.format(rows="\n".join(map(Outcome.row, outcomes)))
    )


def _outcomes(report: Path) -> list[Outcome]:
    if not report.exists():
        return []
    return [Outcome.of(case) for case in ET.parse(report).getroot().iter("testcase")]
