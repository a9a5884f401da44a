"""Links inside the documentation lead somewhere, and nothing is fetched from anywhere."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

from .conftest import DOCS, ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)


def test_links_between_pages_lead_to_pages_and_headings(site: Path) -> None:
    dead = [
        f"{page.relative_to(site)}: {target}"
        for page in site.rglob("*.md")
        for target in LINK.findall(prose_of(page))
        if not target.startswith(("https://", "http://", "mailto:")) and not leads_somewhere(page, target)
    ]
    assert dead == []


def test_links_of_files_in_the_root_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in LINK.findall(prose_of(ROOT / name)):
            assert target.startswith(("https://", "#")) or (ROOT / target.partition("#")[0]).exists(), target


def test_every_page_is_reachable_from_the_navigation(site: Path) -> None:
    configuration = YAML(typ="safe").load(site.parent / "mkdocs.yml")
    listed = set(entries(configuration["nav"]))
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.md")}
    assert listed <= pages, "the navigation names pages that are not there"
    from_lists = {page for page in pages if page.startswith("reference/errors/")}
    assert pages - listed <= from_lists


def test_no_page_needs_anything_from_the_internet() -> None:
    for page in DOCS.rglob("*.md"):
        text = page.read_text()
        assert "```mermaid" not in text, "diagrams of that kind load their program from elsewhere"
        assert not re.search(r"!\[[^\]]*\]\(https?:|<script|<iframe|<img[^>]+src=.https?:", text)


def prose_of(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    other = (page.parent / path).resolve() if path else page
    return other.is_file() and (not anchor or anchor in anchors(other))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def entries(navigation: object) -> list[str]:
    if isinstance(navigation, dict):
        return [each for value in navigation.values() for each in entries(value)]
    if isinstance(navigation, list):
        return [each for value in navigation for each in entries(value)]
    return [str(navigation)]
