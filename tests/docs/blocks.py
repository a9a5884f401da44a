"""Code blocks of a page, and what a mark above them asks for.

A mark is a comment on the line before the block; readers of the site do not see it::

    <!-- file: pipelines/clean.yaml -->      the block is written to that file
    <!-- run -->                             console: each line after "$ " runs; python: the block runs
    <!-- run: exit 2 -->                     … and the (last) command ends with that code

    <!-- needs: azurite -->                  anywhere in the page: that fixture is started first, and what its
                                             ``environment()`` says is set for every command

A page's blocks share one folder and go in order. Output shown in a console block must come line by line, in
that order; ``…`` stands for anything, and a line ``…`` for any lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"^(?:<!-- *(?P<mark>file|run)(?:: *(?P<what>[^>]*?))? *-->\n)?"
    r"```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)

NEEDS = re.compile(r"^<!-- *needs: *(?P<servers>[^>]*?) *-->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int
    mark: str | None = None
    what: str = ""

    @property
    def exit_code(self) -> int:
        return int(self.what.removeprefix("exit ")) if self.what else 0

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command of a console block with the output shown under it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            # A backslash at the end continues a command.
            command, _, shown = re.sub(r"\\\n *", "", part).partition("\n")
            yield command, [line.rstrip() for line in shown.splitlines() if line.strip()]


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(
            found["language"],
            found["text"],
            text.count("\n", 0, found.start()) + 1,
            found["mark"],
            found["what"] or "",
        )
        for found in BLOCK.finditer(text)
    ]


def needs(page: Path) -> list[str]:
    """The servers that a page's commands speak to, by the names of their fixtures."""
    return [name for found in NEEDS.finditer(page.read_text()) for name in found["servers"].split()]


def missing_line(shown: list[str], output: str) -> str | None:
    """The first line shown that the output does not have after the ones before it."""
    lines = iter(" ".join(line.split()) for line in output.splitlines())
    for wanted in shown:
        if wanted.strip() == "…":
            continue
        pattern = re.compile(".*".join(map(re.escape, " ".join(wanted.split()).split("…"))))
        if not any(pattern.fullmatch(line) for line in lines):
            return wanted
    return None
