"""Draws docs/assets/demo.svg: what ``headrace demo`` prints, as a terminal shows it (``make picture``)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100
TARGET = Path(__file__).parent / "assets" / "demo.svg"
FONTS = re.compile(r"@font-face \{.*?\}|<!-- Generated .*?-->", re.DOTALL)
EMPTY = re.compile(r"^[ \t]*\n|[ \t]+$", re.MULTILINE)
MOVES = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*[AKJ]")


def told() -> str:
    """What the demo prints, colors included, without its moving parts."""
    colors = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(WIDTH)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "headrace.cli.main", "demo", "headrace-demo"]
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | colors,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    return MOVES.sub("", done.stdout)


def main() -> None:
    """Runs the demo and writes the picture; the reader's own fonts draw it, nothing is fetched."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        console.print(Text.from_ansi("$ make demo\n" + told()))
        drawn = console.export_svg(title="make demo", unique_id="demo")
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(EMPTY.sub("", FONTS.sub("", drawn)))


if __name__ == "__main__":
    main()
