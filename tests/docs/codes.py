"""The error codes that the source uses, read from its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from headrace.core import HeadraceError, Issue

SOURCE = Path(__file__).parents[2] / "src" / "headrace"
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
HELPERS = re.compile(r"issue|problem|refus|fail|warn|error|wrong", re.IGNORECASE)
"""Functions with such a name take a code first, if it looks like one."""


def error_classes() -> set[str]:
    found, waiting = {Issue.__name__}, [HeadraceError]
    while waiting:
        each = waiting.pop()
        found.add(each.__name__)
        waiting += each.__subclasses__()
    return found


def codes_used() -> dict[str, str]:
    """Code to the first place that uses it: ``{"unknown-run": "storage/state/runs.py:180"}``."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        constants = module_constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for code in codes_of(node, constants):
                    found.setdefault(code, f"{path.relative_to(SOURCE)}:{node.lineno}")
    return found


def texts_in_source() -> set[str]:
    """Every string constant: a code may be kept in a table."""
    return {
        node.value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def module_constants(tree: ast.Module) -> dict[str, str]:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def codes_of(call: ast.Call, constants: dict[str, str]) -> Iterator[str]:
    named = [word.value for word in call.keywords if word.arg == "code"]
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    for text in (text for value in named for text in texts(value, constants)):
        if CODE.fullmatch(text):
            yield text
    first = texts(call.args[0], constants) if call.args else ()
    pattern = CODE if name in error_classes() else KEBAB
    helper = HELPERS.search(name) or (name == "add" and len(call.args) > 1)
    if name in error_classes() or helper:
        yield from (text for text in first if pattern.fullmatch(text))


def texts(value: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """The strings an argument can be: a constant, a named one, either side of a choice."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.Name) and value.id in constants:
        yield constants[value.id]
    elif isinstance(value, ast.IfExp):
        yield from texts(value.body, constants)
        yield from texts(value.orelse, constants)
