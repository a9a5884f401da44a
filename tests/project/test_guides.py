"""What the guides show works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headrace.core import InvalidDocument
from headrace.project import load_pipeline, open_project

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
PAGES = {page.stem for page in (ROOT / "docs" / "reference" / "errors").glob("*.md")}
CODES = re.compile(r"""(?:add|Issue|InvalidCall|pipeline\.issue)\(\s*"([a-z]+(?:-[a-z]+)+)\"""")
SOURCES = sorted((ROOT / "src" / "headrace" / "project").glob("*.py"))
PIPELINE = """\
headrace: 1
kind: pipeline
name: train
parameters:
  max_iter: {type: integer, default: 100}  # rounds
stages:
  load: {type: origin.files, path: data.csv, format: csv}
  small: {type: processor.filter, from: load, condition: "price < 3"}
"""


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL)


def test_the_edits_of_the_guide_keep_the_document_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pipelines" / "train.yaml"
    path.parent.mkdir()
    path.write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    exec(blocks("documents.md", "python")[0], {})
    pipeline = load_pipeline(path)
    assert list(pipeline.stages) == ["raw", "small", "keep"]
    assert str(pipeline.stages["small"].inputs[0]) == "raw"
    assert pipeline.parameters["max_iter"].default == 200
    assert "# rounds" in path.read_text()


def test_the_settings_and_connections_of_the_guide_are_sound(tmp_path: Path) -> None:
    (tmp_path / "headrace.toml").write_text(blocks("projects.md", "toml")[0])
    (tmp_path / "connections.yaml").write_text(blocks("projects.md", "yaml")[0])
    prod = open_project(tmp_path, "prod")
    assert (prod.name, prod.engine.name, prod.engine.spark.master) == ("houses", "spark", "yarn")
    assert prod.parameters == {"max_iter": 200, "training_data": "s3://houses/incoming/*.csv"}
    with pytest.raises(InvalidDocument) as caught:
        prod.connection("lake")
    assert len(caught.value.issues) == 3


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_code_of_this_room_has_its_page(source: Path) -> None:
    assert set(CODES.findall(source.read_text())) <= PAGES
