"""The picture of the demo is what the demo printed, drawn from the same run, and shown where it says."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from .conftest import DOCS, ROOT

ASSETS = DOCS / "assets"
LINE = re.compile(r'<text class="demo-r\d+"[^>]*clip-path="url\(#demo-line-(\d+)\)">(.*?)</text>')
IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")


def test_the_picture_shows_what_the_demo_printed() -> None:
    drawn: dict[int, str] = {}
    for number, text in LINE.findall((ASSETS / "demo.svg").read_text()):
        drawn[int(number)] = drawn.get(int(number), "") + " " + unescape(text)
    printed = (ASSETS / "demo.txt").read_text().splitlines()
    assert [drawn[n].split() for n in sorted(drawn) if drawn[n].split()] == [
        line.split() for line in printed if line.split()
    ]


def test_the_demo_told_the_whole_story() -> None:
    told = (ASSETS / "demo.txt").read_text()
    for part in ("a real S3 server", "version 1 promoted", "version 2 promoted", "better ▸", "to try next"):
        assert part in told


def test_the_picture_fetches_nothing() -> None:
    urls = set(re.findall(r"https?://[^\s\"')]+", (ASSETS / "demo.svg").read_text()))
    assert urls == {"http://www.w3.org/2000/svg"}, "that is a name, not an address"


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS.rglob("*.md")], ids=lambda page: page.name)
def test_a_picture_in_a_page_is_there(page: Path) -> None:
    assert [each for each in IMAGE.findall(page.read_text()) if not (page.parent / each).is_file()] == []
