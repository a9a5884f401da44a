"""Candidates of a search: every point of a grid, or random draws from ranges; always the same for a seed."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from headrace.core import InvalidCall, Json, Value

from .algorithms import Learner
from .fitting import Evaluation, means
from .metrics import HIGHER_IS_BETTER

__all__ = ["CANDIDATES_LIMIT", "Range", "Space", "best", "candidates"]

CANDIDATES_LIMIT = 1000


class Range(Value):
    """Numbers between two ends; ``log`` draws small ones as often as large ones."""

    low: float = Field(description="The lower end.")
    high: float = Field(description="The upper end.")
    log: bool = Field(default=False, description="Draw small ones as often as large ones.")
    integer: bool = Field(default=False, description="Draw whole numbers, both ends included.")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low >= self.high:
            raise ValueError("'low' must be below 'high'")
        if self.log and self.low <= 0:
            raise ValueError("'log' needs 'low' above 0")
        return self

    def draw(self, source: random.Random) -> float | int:
        """One number."""
        if self.log:
            number = math.exp(source.uniform(math.log(self.low), math.log(self.high)))
        else:
            number = source.uniform(self.low, self.high + (1 if self.integer else 0))
        return min(math.floor(number), int(self.high)) if self.integer else number


Space = Mapping[str, Range | Annotated[tuple[float | int | str | bool | None, ...], Field(min_length=1)]]
"""For each parameter the values to try, or the range to draw from."""


def candidates(learner: Learner, space: Space, draws: int | None) -> list[Learner]:
    """The learners to compare: the whole grid, or ``draws`` random points; without a space one."""
    if not space:
        return [learner]
    points = _drawn(space, draws, learner.seed) if draws else _grid(space)
    return [learner.with_parameters(point) for point in points]


def _grid(space: Space) -> list[dict[str, Json]]:
    ranges = [name for name, values in space.items() if isinstance(values, Range)]
    if ranges:
        raise InvalidCall(
            "search-needs-draws",
            f"'search.{ranges[0]}' is a range, so a grid has no end.",
            hint="Set 'search_draws', or list the values.",
        )
    lists: list[Sequence[Any]] = [values for values in space.values() if not isinstance(values, Range)]
    if math.prod(map(len, lists)) > CANDIDATES_LIMIT:
        raise InvalidCall(
            "search-too-large",
            f"The grid has {math.prod(map(len, lists))} points; {CANDIDATES_LIMIT} are possible.",
            hint="Set 'search_draws' to try some of them.",
        )
    return [dict(zip(space, point, strict=True)) for point in itertools.product(*lists)]


def _drawn(space: Space, draws: int, seed: int) -> list[dict[str, Json]]:
    """Distinct points; fewer than ``draws`` when there are not as many."""
    source = random.Random(seed)  # noqa: S311  # a search wants repeatable draws, not secret ones
    found: dict[str, dict[str, Json]] = {}
    for _ in range(draws * 10):
        point = {
            name: values.draw(source) if isinstance(values, Range) else source.choice(values)
            for name, values in space.items()
        }
        found.setdefault(repr(point), point)
        if len(found) == draws:
            break
    return list(found.values())


def best(evaluations: Sequence[Evaluation], metric: str) -> int:
    """The position of the best mean over folds; the earlier of two alike. NaN never wins."""
    sign = 1 if HIGHER_IS_BETTER[metric] else -1

    def merit(number: int) -> float:
        mean = means(evaluations[number].folds)[metric]
        return -math.inf if math.isnan(mean) else sign * mean

    return max(range(len(evaluations)), key=merit)
