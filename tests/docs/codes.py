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
HELPERS = re.compile(r"issue|problem|refus|fail|warn|error|wrong|unresolved|bad", re.IGNORECASE)
"""Functions with such a name take a code among their first arguments, if it looks like one."""


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
            for code in codes_of(node, constants):
                found.setdefault(code, f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}")
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


def codes_of(node: ast.AST, constants: dict[str, str]) -> Iterator[str]:
    """What a call is given, what is kept as ``code``, what is answered as ``code, message, hint``."""
    found: Iterator[str] = iter(())
    if isinstance(node, ast.Call):
        found = codes_of_call(node, constants)
    elif isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "code" for each in node.targets):
        found = filter(KEBAB.fullmatch, texts(node.value, constants))
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and is_told(node.value):
        found = filter(KEBAB.fullmatch, texts(node.value.elts[0], constants))
    yield from found


def is_told(answer: ast.Tuple) -> bool:
    """Whether a tuple's second part is a sentence."""
    return len(answer.elts) > 2 and ast.unparse(answer.elts[1]).rstrip("'\"").endswith(".")


def codes_of_call(call: ast.Call, constants: dict[str, str]) -> Iterator[str]:
    named = [word.value for word in call.keywords if word.arg == "code"]
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    for text in (text for value in named for text in texts(value, constants)):
        if CODE.fullmatch(text):
            yield text
    certain = name in error_classes() or name == "issue"
    if certain and call.args:
        yield from (text for text in texts(call.args[0], constants) if CODE.fullmatch(text))
    elif HELPERS.search(name) or (name == "add" and len(call.args) > 1):
        candidates = (text for each in call.args[:3] for text in texts(each, constants))
        yield from (text for text in candidates if KEBAB.fullmatch(text))


def texts(value: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """The strings an argument can be: a constant, a named one, either side of a choice."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.Name) and value.id in constants:
        yield constants[value.id]
    elif isinstance(value, ast.IfExp):
        yield from texts(value.body, constants)
        yield from texts(value.orelse, constants)
