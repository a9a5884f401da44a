"""Put two frames side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from headrace.core import Field, Frame, Hint, Issue, Names, Processor, Run, Schema, SqlExpression
from headrace.frames.columns import repeated_names
from headrace.frames.joins import JoinKeys, columns_joined, joined, joined_columns

LeftColumn = Annotated[str, Hint("column", port="left")]
RightColumn = Annotated[str, Hint("column", port="right")]


def as_pairs(value: Any) -> Any:
    """``id``, ``[id]`` and ``{id: house_id}`` as a mapping from left to right."""
    if isinstance(value, str):
        return {value: value}
    names = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    return {each: each for each in value} if names else value


class Join(Processor):
    """Join two inputs, `left` and `right`, on columns or on a condition.

    A key column of one name is in the output once. Any other name that both have gets a suffix on the right.
    """

    costly = True

    how: Literal["inner", "left", "right", "full", "semi", "anti", "cross"] = Field(
        "inner",
        description="`left`, `right`, `full` also keep rows without a partner; `semi` keeps left rows that "
        "have one, `anti` those that have none; `cross` pairs each with each.",
    )
    on: Annotated[
        dict[LeftColumn, RightColumn],
        BeforeValidator(
            as_pairs,
            json_schema_input_type=LeftColumn | tuple[LeftColumn, ...] | dict[LeftColumn, RightColumn],
        ),
    ] = Field(
        {},
        description="Columns that have to be equal: names, or left name → right name.",
        examples=[["id"], {"id": "house_id"}],
    )
    condition: SqlExpression | None = Field(
        None,
        description="Instead of `on`, or further to it: a Spark SQL condition over `left.x` and `right.y`.",
        examples=["left.price > right.minimum"],
    )
    suffix: str = Field("_right", description="Behind a right column's name that the left has, too.")
    null_safe: bool = Field(False, description="Whether nulls in `on` columns are equal to each other.")

    @model_validator(mode="after")
    def _has_keys(self) -> Join:
        keys = bool(self.on or self.condition)
        if keys == (self.how == "cross"):
            raise ValueError("a cross join has no on and no condition; every other join has one")
        return self

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The left's columns, then the right's that are not keys."""
        return joined_columns(inputs["left"], inputs["right"], self._keys())

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Names that clash in spite of the suffix."""
        for name in repeated_names(self.columns_after(inputs).names):
            hint = "Choose another suffix, or remove or rename one of them before."
            yield Issue(
                "duplicate-column", f"Two columns would be called '{name}'.", field="suffix", hint=hint
            )

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """Keys, what the condition names, what is wanted, and every name that both sides have."""
        return columns_joined(wanted, inputs, self._keys(), self.condition)

    def transform(self, left: Frame, right: Frame, run: Run) -> Frame:
        """Rows of both."""
        return joined(left, right, self._keys(), self.condition)

    def _keys(self) -> JoinKeys:
        return JoinKeys(self.how, self.on, self.suffix, self.null_safe)
