"""Promote a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from pydantic import field_validator, model_validator

from headrace.core import Destination, Field, Frame, GateExpression, Issue, Run, Schema, Stage, Staged
from headrace.ml.checks import gate_mistakes, promotion_issues
from headrace.ml.gates.expression import parse_expression
from headrace.ml.gates.gate import Gate, Improvement


class PromoteModel(Destination):
    """Decide whether a trained version goes to production, and put it there after every destination.

    The condition may use the holdout's metrics (`r2`), the folds' means (`cv.r2`), `train.rows`, and
    `production.r2`: the version in production, scored now on the same holdout. Only *true* promotes; NaN and
    missing numbers are unknown. Every decision is written down with its inputs and its reason.
    """

    eager: ClassVar[bool] = True

    when: GateExpression | None = Field(
        None,
        description="The condition: and, or, not, comparisons, + - * /, abs, min, max.",
        examples=["r2 >= 0.85 and rmse <= production.rmse"],
    )
    min_improvement: dict[str, Improvement] = Field(
        {},
        description="By how much metrics must beat production: in their unit, or in percent.",
        examples=[{"rmse": "2%"}],
    )
    first: Literal["promote", "keep"] = Field(
        "promote", description="What comparisons with production count as while there is none."
    )
    strict_holdout: bool = Field(
        False, description="Keep when production was trained on rows of the holdout, or may have been."
    )

    @field_validator("when")
    @classmethod
    def _is_a_condition(cls, when: str | None) -> str | None:
        if when is not None:
            parse_expression(when)
        return when

    @model_validator(mode="after")
    def _asks_something(self) -> PromoteModel:
        if self.when is None and not self.min_improvement:
            raise ValueError("set 'when', 'min_improvement' or both")
        return self

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """Metrics that the training behind it cannot give, whatever its task."""
        return gate_mistakes(self._gate(), sources)

    def problems(self, inputs: Mapping[str, Schema]) -> Iterable[Issue]:
        """A condition that is none, or that asks for a metric that the training never gives."""
        return promotion_issues(self._gate(), inputs["frame"])

    def write(self, frame: Frame, run: Run) -> Staged:
        """Asks the gate; the promotion itself waits for the destinations."""
        from headrace.ml.gates.promotion import stage_promotion

        return stage_promotion(self._gate(), frame, run)

    def _gate(self) -> Gate:
        return Gate(self.when, self.min_improvement, self.first, self.strict_holdout)
