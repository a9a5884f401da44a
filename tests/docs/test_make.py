"""The Makefile has the targets that people are told of, and each says what it does."""

from __future__ import annotations

import re
import subprocess

from .conftest import DOCS, ROOT

PROMISED = {"help", "demo", "test", "check", "docs", "picture", "bench", "soak", "system", "clean"}
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"))


def test_help_lists_every_target_with_what_it_does() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = dict(re.findall(r"^  make (\w+) +(\S.*)$", done.stdout, re.MULTILINE))
    assert set(listed) == PROMISED


def test_a_target_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for page in PAGES
        for line in re.findall(r"^\$ make ([a-z ]+)", page.read_text(), re.MULTILINE)
        + re.findall(r"`make ([a-z ]+)`", page.read_text())
        for word in line.split()
    }
    assert {"demo", "test", "check"} <= named <= targets
