"""Writes docs/assets/demo.svg and demo.txt: what ``headrace demo`` prints (``make picture``)."""

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
TARGET = Path(__file__).parent / "assets"
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
    """Runs the demo once and writes both; the reader's own fonts draw the picture, nothing is fetched."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        console.print(Text.from_ansi("$ make demo\n" + told()))
        drawn = console.export_svg(title="make demo", unique_id="demo", clear=False)
        plain = console.export_text()
    TARGET.mkdir(exist_ok=True)
    (TARGET / "demo.svg").write_text(EMPTY.sub("", FONTS.sub("", drawn)))
    (TARGET / "demo.txt").write_text(re.sub(r" +$", "", plain, flags=re.MULTILINE))


if __name__ == "__main__":
    main()
