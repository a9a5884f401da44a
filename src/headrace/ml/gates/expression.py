"""The language of gates: conditions over metrics, parsed with Python's grammar and evaluated by us.

::

    condition   and  or  not  (…)  true  false
    comparison  <  <=  >  >=  ==  !=           chained ones, too: 0.8 <= r2 <= 1
    number      names with dots, literals, + - * /, unary - +, abs(x), min(x, …), max(x, …)

Logic has three values (Kleene's): NaN, null and missing names are *unknown*, and so is what follows from
them alone: ``unknown and false`` is false, ``not unknown`` is unknown.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from headrace.core import Issue, Json

from .figures import show_numbers

__all__ = ["Comparison", "Expression", "ForbiddenExpression", "Outcome", "parse_expression"]

LENGTH_LIMIT = 2000
DEPTH_LIMIT = 50
FUNCTIONS: Mapping[str, Callable[..., float]] = {"abs": abs, "min": min, "max": max}
CONSTANTS = {"true": True, "false": False}
COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


class ForbiddenExpression(ValueError):
    """A text that is no condition in this language; ``issue`` says why."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.issue = Issue(code, message, hint=hint)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison as it came out: ``r2 >= 0.85``, true, with the values of its names."""

    text: str
    value: bool | None
    names: Mapping[str, float | None]
    assumed: bool = False
    """Decided by the rule for *no production yet*, not by numbers."""

    def __str__(self) -> str:
        if self.assumed:
            return f"{self.text} counts as {_word(self.value)} (no production version yet)"
        shown = ", ".join(f"{name} = {each}" for name, each in show_numbers(self.names).items())
        return f"{self.text} is {_word(self.value)}" + (f" ({shown})" if shown else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a condition came to: true, false or unknown (``None``), and every comparison in it."""

    value: bool | None
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition that has been checked; ``names`` are those it mentions, in order."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr = field(repr=False, compare=False)

    def evaluate(
        self, values: Mapping[str, Json], assume: Callable[[tuple[str, ...]], bool | None] | None = None
    ) -> Outcome:
        """The outcome on these values. ``assume`` may decide a comparison by the names it mentions."""
        walk = _Evaluation(values, assume or _assume_nothing)
        value = walk.condition(self.tree)
        return Outcome(value, tuple(walk.comparisons))


def parse_expression(text: str) -> Expression:
    """The condition in ``text``. Raises :class:`ForbiddenExpression`; the text is never executed."""
    if len(text) > LENGTH_LIMIT:
        raise ForbiddenExpression(
            "forbidden-expression",
            f"A condition may have {LENGTH_LIMIT} characters; this one has {len(text)}.",
        )
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ForbiddenExpression(
            "invalid-expression", f"'{text[:80]}' is not a condition: {said}.", 'Like "r2 >= 0.85".'
        ) from error
    _check_condition(tree, 0)
    return Expression(text, tuple(dict.fromkeys(names_in(tree))), tree)


def names_in(tree: ast.AST) -> Iterator[str]:
    """Metric names in a checked tree, dots included."""
    if isinstance(tree, ast.Name | ast.Attribute):
        name = _dotted(tree)
        if name not in CONSTANTS:
            yield name
        return
    children = tree.args if isinstance(tree, ast.Call) else list(ast.iter_child_nodes(tree))
    for child in children:
        yield from names_in(child)


def _assume_nothing(names: tuple[str, ...]) -> bool | None:
    del names
    return None


def _word(value: bool | None) -> str:
    return {True: "true", False: "false", None: "unknown"}[value]


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise _forbidden(node)


def _forbidden(node: ast.AST, why: str | None = None) -> ForbiddenExpression:
    try:
        shown = ast.unparse(node)[:80]
    except (RecursionError, ValueError):
        shown = type(node).__name__
    return ForbiddenExpression(
        "forbidden-expression",
        f"'{shown}' {why or 'is not allowed in a condition'}.",
        "A condition has metrics, numbers, and, or, not, comparisons, + - * /, abs, min and max.",
    )


def _check_condition(node: ast.expr, depth: int) -> None:
    _check_depth(depth)
    if isinstance(node, ast.BoolOp):
        for each in node.values:
            _check_condition(each, depth + 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_condition(node.operand, depth + 1)
    elif isinstance(node, ast.Compare):
        _check_comparison(node, depth)
    elif not _is_constant_condition(node):
        _check_number(node, depth)
        raise _forbidden(node, "is a number, not a condition: compare it with something")


def _check_depth(depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise ForbiddenExpression("forbidden-expression", "The condition is nested too deeply.")


def _check_comparison(node: ast.Compare, depth: int) -> None:
    if not all(type(op) in COMPARE for op in node.ops):
        raise _forbidden(node)
    for each in (node.left, *node.comparators):
        _check_number(each, depth + 1)


def _is_constant_condition(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool)
    return isinstance(node, ast.Name) and node.id in CONSTANTS


def _check_number(node: ast.expr, depth: int) -> None:
    _check_depth(depth)
    if isinstance(node, ast.Name | ast.Attribute | ast.Constant):
        if not _is_single_number(node):
            raise _forbidden(node, "is not a number")
        return
    for each in _operands(node):
        _check_number(each, depth + 1)


def _is_single_number(node: ast.Name | ast.Attribute | ast.Constant) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return _dotted(node) not in CONSTANTS


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return [node.operand]
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        return [node.left, node.right]
    if isinstance(node, ast.Call) and _is_known_call(node):
        return node.args
    raise _forbidden(node)


def _is_known_call(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
        return False
    wrong = bool(node.keywords) or any(isinstance(each, ast.Starred) for each in node.args)
    count_ok = len(node.args) == 1 if node.func.id == "abs" else len(node.args) >= 2
    if wrong or not count_ok:
        takes = "one number" if node.func.id == "abs" else "two numbers or more"
        raise _forbidden(node, f"is wrong: {node.func.id} takes {takes}")
    return True


class _Evaluation:
    """One walk over a checked tree."""

    def __init__(self, values: Mapping[str, Json], assume: Callable[[tuple[str, ...]], bool | None]) -> None:
        self.values = values
        self.assume = assume
        self.comparisons: list[Comparison] = []

    def condition(self, node: ast.expr) -> bool | None:
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(each) for each in node.values]
            return _kleene(parts, decisive=isinstance(node.op, ast.Or))
        if isinstance(node, ast.UnaryOp):
            inner = self.condition(node.operand)
            return None if inner is None else not inner
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = zip(sides[:-1], node.ops, sides[1:], strict=True)
            return _kleene([self.pair(*each) for each in pairs], decisive=False)
        return bool(node.value) if isinstance(node, ast.Constant) else CONSTANTS[_dotted(node)]

    def pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool | None:
        tree = ast.Compare(left, [op], [right])
        names = tuple(dict.fromkeys((*names_in(left), *names_in(right))))
        value = assumed = self.assume(names)
        if assumed is None:
            a, b = self.number(left), self.number(right)
            value = None if a is None or b is None else COMPARE[type(op)](a, b)
        known = {name: self.name(name) for name in names}
        self.comparisons.append(Comparison(ast.unparse(tree), value, known, assumed is not None))
        return value

    def name(self, name: str) -> float | None:
        value = self.values.get(name)
        number = None if value is None or isinstance(value, str) else float(value)
        return None if number is None or math.isnan(number) else number

    def number(self, node: ast.expr) -> float | None:
        if isinstance(node, ast.Name | ast.Attribute):
            return self.name(_dotted(node))
        try:
            value = self._computed(node)
        except (ArithmeticError, ValueError):
            return None
        return None if value is None or math.isnan(value) else value

    def _computed(self, node: ast.expr) -> float | None:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]  # checked: int or float
        if isinstance(node, ast.UnaryOp):
            inner = self.number(node.operand)
            return inner if inner is None or isinstance(node.op, ast.UAdd) else -inner
        if isinstance(node, ast.BinOp):
            left, right = self.number(node.left), self.number(node.right)
            return None if left is None or right is None else ARITHMETIC[type(node.op)](left, right)
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        given = [self.number(each) for each in node.args]
        known = [each for each in given if each is not None]
        return FUNCTIONS[node.func.id](*known) if len(known) == len(given) else None


def _kleene(parts: list[bool | None], *, decisive: bool) -> bool | None:
    """``or`` (decisive: one true makes it true) and ``and`` (one false makes it false) over three values."""
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive
