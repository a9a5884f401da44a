"""The shape that no linter keeps: sizes, one public face per package, and no cycles at all."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from headrace.core import find_cycle

SOURCE = Path(__file__).parents[1] / "src" / "headrace"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py") if "migrations" not in path.parts)
FILE_LINES = 300
STAGE_LINES = 120
FUNCTION_LINES = 60
CORE_LINES = 1500


def name_of(path: Path) -> str:
    parts = ("headrace", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_stage(path: Path) -> bool:
    return "stages" in path.relative_to(SOURCE).parts and path.name != "__init__.py"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_holds_one_idea(path: Path) -> None:
    limit = STAGE_LINES if is_stage(path) else FILE_LINES
    assert len(path.read_text().splitlines()) <= limit


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    functions = (
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = [
        f"{f.name} at line {f.lineno}" for f in functions if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES
    ]
    assert not long


def test_the_vocabulary_stays_small() -> None:
    assert sum(len(path.read_text().splitlines()) for path in (SOURCE / "core").glob("*.py")) <= CORE_LINES


def imports_of(path: Path) -> set[str]:
    """Modules of ours that a file imports anywhere in it, inside functions included, for types excluded."""
    tree = ast.parse(path.read_text())
    only_types = {id(inner) for node in ast.walk(tree) if is_type_checking(node) for inner in ast.walk(node)}
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in only_types:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.update({module} | {f"{module}.{alias.name}" for alias in node.names})
    return {name for name in found if name.startswith("headrace")}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_nothing_imports_in_a_circle() -> None:
    names = {name_of(path) for path in MODULES}
    graph = {}
    for path in MODULES:
        own = name_of(path)
        found = imports_of(path) & names
        # `from .a import x` inside package p names p, too: reaching a sibling is not reaching the face.
        graph[own] = {each for each in found if each != own and not own.startswith(each + ".")}
    assert find_cycle(graph) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: name_of(path / "__init__.py"))
def test_a_package_has_one_public_face(package: Path) -> None:
    face = package / "__init__.py"
    tree = ast.parse(face.read_text())
    assert ast.get_docstring(tree), "a package says what it is for"
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.If)
    own_code = [node for node in tree.body if not isinstance(node, allowed) and not is_lazy_getattr(node)]
    assert not own_code, "a package's face only re-exports"
    module = importlib.import_module(name_of(face))
    for name in getattr(module, "__all__", ()):
        assert hasattr(module, name)


def is_lazy_getattr(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_rooms_are_entered_by_their_face(path: Path) -> None:
    """``from headrace.core.stage import …`` outside ``core`` reaches behind the face."""
    own_room = name_of(path).split(".")[1:2]
    behind = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and node.level == 0
        and (node.module or "").startswith("headrace.core.")
        for name in [node.module]
    }
    assert not behind or own_room == ["core"]
