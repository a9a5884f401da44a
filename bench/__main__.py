"""``python bench [NAME …] [--quick]``: measures, and writes what came out into ``bench/RESULTS.md``."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

from results import RESULTS, update
from setting import Setting

BENCHMARKS = (
    "story",
    "etl",
    "counts",
    "memory",
    "cli",
    "scoring",
    "moving",
    "kafka",
    "tables",
    "streams",
    "soak",
)
"""Each is ``bench/NAME/benchmark.py`` with a function ``measure``, in the order of the file."""


def main() -> int:
    """Gives 1 when a benchmark could not be run; a target that is missed is a result."""
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; all")
    parser.add_argument("--quick", action="store_true", help="small sizes, to standard output only")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    broken = [name for name in arguments.names or BENCHMARKS if not run(name, quick=arguments.quick)]
    return 1 if broken else 0


def run(name: str, *, quick: bool) -> bool:
    """Whether it could be measured; then its section is in the file."""
    began = time.monotonic()
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix=f"headrace-bench-{name}-") as folder:
            section = importlib.import_module(f"{name}.benchmark").measure(Setting(quick, Path(folder)))
    except RuntimeError as error:
        print(f"{name} broke:\n{error}", file=sys.stderr)
        return False
    text = section.text()
    print(text, flush=True)
    print(f"{name} took {time.monotonic() - began:.0f} s", file=sys.stderr)
    if not quick:
        update(RESULTS, name, text, BENCHMARKS)
    return True


if __name__ == "__main__":
    sys.exit(main())
