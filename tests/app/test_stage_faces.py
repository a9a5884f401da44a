"""Stages are imported from one obvious place, by name, and only when asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from headrace.core import all_stages, type_of

FACES = [
    "headrace.stages.origins",
    "headrace.stages.processors",
    "headrace.stages.destinations",
    "headrace.ml.stages",
]


def test_two_stages_of_one_name_are_told_apart() -> None:
    from headrace.stages import destinations, origins

    assert type_of(origins.Files) == "origin.files"
    assert type_of(destinations.Files) == "destination.files"


@pytest.mark.parametrize("face", FACES)
def test_every_stage_has_its_name_in_the_face_of_its_folder(face: str) -> None:
    stages = [each.stage for each in all_stages() if each.stage.__module__.rpartition(".")[0] == face]
    module = import_module(face)
    expected = {stage.__name__: stage.__module__.rpartition(".")[2] for stage in stages}
    lines = "".join(f'\n    "{name}": "{home}",' for name, home in sorted(expected.items()))
    assert expected == module._HOMES, f"_HOMES in {module.__file__} should hold:{lines}"
    assert sorted(module.__all__) == sorted(expected)
    assert {name: getattr(module, name) for name in module.__all__} == {
        each.__name__: each for each in stages
    }
    assert set(dir(module)) >= set(expected)


@pytest.mark.parametrize("face", FACES)
def test_type_checkers_and_editors_see_the_same_names(face: str) -> None:
    module = import_module(face)
    tree = ast.parse(Path(module.__file__ or "").read_text())
    seen = {
        (alias.name, node.module)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == alias.asname
    }
    missing = [
        f"from .{home} import {name} as {name}"
        for name, home in module._HOMES.items()
        if (name, home) not in seen
    ]
    assert not missing, "under TYPE_CHECKING these are missing"


def test_a_name_that_is_no_stage_is_an_attribute_error() -> None:
    from headrace.stages import processors

    with pytest.raises(AttributeError, match=r"headrace\.stages\.processors.*'Filtr'"):
        _ = processors.Filtr  # type: ignore[attr-defined]


def test_importing_a_face_imports_no_stage() -> None:
    code = (
        "import sys; from headrace.stages import destinations, origins, processors; "
        "print([m for m in sys.modules if m.startswith('headrace.stages.') and m.count('.') > 2])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
