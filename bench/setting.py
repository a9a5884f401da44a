"""What every benchmark is given: sizes, a place for files, and how our command is called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measure import finish

__all__ = ["BENCH", "HEADRACE", "PYTHON", "Setting", "free_gigabytes", "why_no_spark"]

BENCH = Path(__file__).parent
PYTHON = sys.executable
HEADRACE = str(Path(sys.executable).with_name("headrace"))


@dataclass(frozen=True)
class Setting:
    """``quick`` shows that a benchmark works; its numbers mean nothing."""

    quick: bool
    folder: Path
    """Empty when a benchmark begins, gone when it has ended."""

    @property
    def rounds(self) -> int:
        """How often each command is measured."""
        return 1 if self.quick else 5

    @property
    def warm_up(self) -> int:
        """How often each command runs before that."""
        return 0 if self.quick else 1

    def rows(self, number: int) -> int:
        """A hundredth of them when it is to be quick."""
        return number // 100 if self.quick else number

    def data(self, maker: str, rows: int, *, suffix: str = ".csv") -> Path:
        """A file that ``bench/MAKER`` makes from a number of rows; kept for the next time."""
        target = BENCH / "data" / f"{Path(maker).parent.name}-{rows}{suffix}"
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            draft = target.with_suffix(".draft")
            finish([PYTHON, str(BENCH / maker), str(rows), str(draft)], self.folder)
            draft.rename(target)
        return target

    def project(self, name: str, **documents: str) -> Path:
        """A project folder with pipeline documents in it."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "headrace.toml").write_text(f'[project]\nname = "{name}"\n')
        for each, text in documents.items():
            (folder / f"{each}.yaml").write_text(text)
        return folder


def free_gigabytes(folder: Path) -> float:
    """What is left on the disk."""
    return shutil.disk_usage(folder).free / 2**30


def why_no_spark() -> str | None:
    """Why the Spark engine cannot run here; ``None``: it can."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        version("pyspark")
    except PackageNotFoundError:
        return "the extra 'spark' is not installed"
    try:
        subprocess.run(["java", "-version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no Java"
    return None
