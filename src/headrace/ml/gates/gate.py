"""A gate: may this candidate go to production? An answer, and why, in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from headrace.core import Issue, Json, did_you_mean
from headrace.ml.learning.metrics import HIGHER_IS_BETTER

from .expression import Comparison, Expression, ForbiddenExpression, Outcome, parse_expression
from .figures import show_number

__all__ = ["PRODUCTION", "Gate", "Improvement", "Overlap", "Verdict", "gate_issues", "gate_names"]

PRODUCTION = "production."
PREFIXES = ("cv", "train", "holdout")
PERCENT = re.compile(r"\s*([0-9.]+)\s*%\s*")

Improvement = float | str
"""By how much a metric must get better: in its own unit (``0.01``), or relative (``"2%"``)."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Holdout rows that the production version was trained on; ``None``: not known, and why."""

    rows: int | None
    holdout: int
    why: str = ""

    def __str__(self) -> str:
        if self.rows is None:
            return (
                f"whether the production version was trained on rows of the holdout is not known ({self.why})"
            )
        return f"the production version was trained on {self.rows} of the {self.holdout} holdout rows"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Promote or keep, the sentence that says why, and every number that went into it."""

    promote: bool
    reason: str
    inputs: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition, the improvement asked for, and what holds while nothing is in production."""

    when: str | None = None
    min_improvement: Mapping[str, Improvement] = field(default_factory=dict)
    first: Literal["promote", "keep"] = "promote"
    strict_holdout: bool = False

    @property
    def expression(self) -> Expression | None:
        """The parsed condition."""
        return None if self.when is None else parse_expression(self.when)

    @property
    def asks_production(self) -> bool:
        """Whether the production version has to be scored on the holdout."""
        named = self.expression.names if self.expression else ()
        return bool(self.min_improvement) or any(name.startswith(PRODUCTION) for name in named)

    def decide(
        self,
        candidate: Mapping[str, Json],
        production: Mapping[str, Json] | None,
        overlap: Overlap | None = None,
    ) -> Verdict:
        """The verdict. ``production``: the metrics of the production version; ``None``: none yet."""
        values = dict(candidate) | {PRODUCTION + name: value for name, value in (production or {}).items()}
        outcomes = [self._condition(values, first=production is None)]
        outcomes += [self._improved(name, values, first=production is None) for name in self.min_improvement]
        comparisons = [each for outcome in outcomes for each in outcome.comparisons]
        parts = [outcome.value for outcome in outcomes]
        inputs: dict[str, Json] = {
            name: _shown(value) for each in comparisons for name, value in each.names.items()
        }
        if overlap is not None:
            inputs["holdout.overlap"] = overlap.rows
        if self.strict_holdout and overlap is not None and overlap.rows != 0:
            return Verdict(False, f"Kept: {overlap}, and the gate is strict about it.", inputs)
        return Verdict(all(parts), _sentence(parts, comparisons, overlap), inputs)

    def _condition(self, values: Mapping[str, Json], *, first: bool) -> Outcome:
        def assume(names: tuple[str, ...]) -> bool | None:
            asks = any(name.startswith(PRODUCTION) for name in names)
            return self.first == "promote" if first and asks else None

        expression = self.expression
        return expression.evaluate(values, assume) if expression else Outcome(True, ())

    def _improved(self, metric: str, values: Mapping[str, Json], *, first: bool) -> Outcome:
        asked = self.min_improvement[metric]
        text = f"{metric} better than {PRODUCTION}{metric} by {asked}"
        pair = {name: _number(values.get(name)) for name in (metric, PRODUCTION + metric)}
        if first:
            value = self.first == "promote"
            return Outcome(value, (Comparison(text, value, pair, assumed=True),))
        mine, theirs = pair.values()
        met = None
        if mine is not None and theirs is not None:
            gain = mine - theirs if HIGHER_IS_BETTER.get(metric, True) else theirs - mine
            met = gain >= amount(asked, theirs)
        return Outcome(met, (Comparison(text, met, pair),))


def amount(asked: Improvement, reference: float) -> float:
    """An asked improvement in the metric's own unit."""
    if isinstance(asked, str):
        found = PERCENT.fullmatch(asked)
        if found is None:
            raise ValueError(f"'{asked}' is neither a number nor a percentage like \"2%\"")
        return abs(reference) * float(found[1]) / 100
    return asked


def gate_names(columns: Iterable[str]) -> Iterator[str]:
    """Names that a gate may use, for the columns of a training's row: ``cv_r2`` is ``cv.r2``."""
    for column in columns:
        head, _, rest = column.partition("_")
        name = f"{head}.{rest}" if head in PREFIXES and rest else column
        yield name
        if name in HIGHER_IS_BETTER:
            yield PRODUCTION + name


def gate_issues(gate: Gate, columns: Iterable[str]) -> Iterator[Issue]:
    """What is wrong with a gate on a training's row with these number columns."""
    known = tuple(gate_names(columns))
    try:
        expression = gate.expression
    except ForbiddenExpression as error:
        yield error.issue.at(field="when")
        expression = None
    for name in expression.names if expression else ():
        if name not in known:
            yield _unknown(name, known, "when")
    for metric, asked in gate.min_improvement.items():
        if PRODUCTION + metric not in known:
            yield _unknown(metric, [each for each in known if each in HIGHER_IS_BETTER], "min_improvement")
        try:
            amount(asked, 1.0)
        except ValueError as error:
            yield Issue("invalid-value", f"min_improvement: {error}.", field=f"min_improvement.{metric}")


def _unknown(name: str, known: Sequence[str], where: str) -> Issue:
    given = ", ".join(each for each in known if each in HIGHER_IS_BETTER)
    hint = did_you_mean(name, known) or f"It gives {given}, and `production.` of each."
    if name.startswith("cv.") and not any(each.startswith("cv.") for each in known):
        hint = "The training has no folds: set its 'cv_folds'."
    return Issue("unknown-metric", f"The training never gives '{name}'.", field=where, hint=hint)


def _sentence(parts: list[bool | None], comparisons: list[Comparison], overlap: Overlap | None) -> str:
    promote = all(parts)
    head = "Promoted: the condition holds" if promote else "Kept: the condition does not hold"
    if not promote and False not in parts:
        head = "Kept: whether the condition holds is unknown"
    told = "; ".join(str(each) for each in comparisons)
    note = f" Note: {overlap}." if overlap is not None and overlap.rows != 0 else ""
    return f"{head}" + (f": {told}." if told else ".") + note


def _number(value: Json) -> float | None:
    number = None if value is None else float(value)
    return None if number is None or math.isnan(number) else number


def _shown(value: float | None) -> Json:
    """JSON knows no infinity."""
    return value if value is None or math.isfinite(value) else show_number(value)
