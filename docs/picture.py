"""Draws docs/assets/demo.svg: the demo as a terminal shows it. Usage: python docs/picture.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 112
TARGET = Path(__file__).parent / "assets" / "demo.svg"


def told() -> str:
    """What ``headrace demo`` prints, colors included, without its moving parts."""
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
    return done.stdout


def main() -> None:
    """Runs the demo and writes the picture."""
    text = re.sub(r"\x1b\[\?25[lh]|\x1b\[\d*[AKJ]", "", told())
    console = Console(record=True, width=WIDTH, file=Path(os.devnull).open("w"))  # noqa: SIM115
    console.print(Text.from_ansi("$ make demo\n" + text))
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(console.export_svg(title="headrace demo"))


if __name__ == "__main__":
    main()
