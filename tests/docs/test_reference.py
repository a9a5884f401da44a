"""The reference: each stage, field, command and setting is there and says what it means."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from headrace.core import StageEntry, all_stages

from .conftest import ROOT


@pytest.mark.parametrize("entry", all_stages(), ids=lambda entry: entry.name)
def test_a_stage_has_a_page_and_every_field_a_meaning(entry: StageEntry, site: Path) -> None:
    assert entry.summary.endswith("."), "the docstring's first line is a sentence: the palette shows it"
    page = (site / "reference" / "stages" / f"{entry.name}.md").read_text()
    assert page.startswith(f"# {entry.name}\n")
    assert rows_without_meaning(page) == []
    assert f"({entry.name}.md)" in (site / "reference" / "stages" / "index.md").read_text()


@pytest.mark.parametrize("entry", all_stages(), ids=lambda entry: entry.name)
def test_an_example_shows_a_value_for_every_field_that_must_be_given(entry: StageEntry, site: Path) -> None:
    page = (site / "reference" / "stages" / f"{entry.name}.md").read_text()
    example = YAML(typ="safe").load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])
    (config,) = example.values()
    without = [name for name, value in config.items() if value == "…"]
    assert without == [], "a required field has examples"


@pytest.mark.parametrize("page", ["settings", "connections"])
def test_every_setting_says_what_it_means(page: str, site: Path) -> None:
    assert rows_without_meaning((site / "reference" / f"{page}.md").read_text()) == []


def test_every_command_is_described_with_all_its_options(site: Path) -> None:
    page = (site / "reference" / "commands.md").read_text()
    assert rows_without_meaning(page) == []
    for section in page.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        assert text.strip(), f"{title} says nothing about itself"
    listed = subprocess.run(
        [sys.executable, "-m", "headrace.cli.main", "--help"], capture_output=True, text=True
    )
    for command in re.findall(r"^[ │]+([a-z]+) +[A-Z]", listed.stdout, re.MULTILINE):
        assert f"## headrace {command}\n" in page


def test_generated_pages_are_not_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "docs"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    generated = re.compile(r"docs/reference/(stages/|(commands|settings|connections|errors/index)\.md)")
    assert [name for name in listed.stdout.splitlines() if generated.match(name)] == []


def rows_without_meaning(page: str) -> list[str]:
    """Rows of a page's tables whose last cell is empty, heads aside."""
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return [line for line in lines if not re.split(r"(?<!\\)\|", line)[-2].strip()]
