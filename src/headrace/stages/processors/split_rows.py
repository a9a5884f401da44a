"""Deal rows out to several outputs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import field_validator

from headrace.core import ERRORS, Columns, Field, Frame, Names, Processor, Run, Schema
from headrace.frames.sampling import split
from headrace.frames.used_columns import passed_on


class SplitRows(Processor):
    """Split rows into named parts by fraction, the same way every time.

    A row's part follows from its hash (SHA-256 of its values, or of `keys`, and the seed): neither order nor
    partitions nor the engine nor other rows make a difference. With `stratify` it is the rank of its hash
    among rows of the same values, so that each part has them in the same proportion.
    """

    costly = True

    fractions: dict[str, float] = Field(
        min_length=1,
        description="Output → fraction. They add up to 1, or to less: the rest is left out.",
        examples=[{"train": 0.8, "test": 0.2}],
    )
    seed: int = Field(42, description="Another seed, another split.")
    keys: Columns = Field(
        (),
        description="Columns that decide instead of the whole row: rows of one customer stay together.",
        examples=[["customer_id"]],
    )
    stratify: Columns = Field(
        (), description="Columns whose values are spread evenly over the parts.", examples=[["label"]]
    )

    @field_validator("fractions")
    @classmethod
    def _are_parts_of_one(cls, fractions: dict[str, float]) -> dict[str, float]:
        if any(not 0 < each <= 1 for each in fractions.values()):
            raise ValueError("a fraction is more than 0 and at most 1")
        if sum(fractions.values()) > 1 + 1e-9:
            raise ValueError(f"the fractions add up to {sum(fractions.values()):.6g}, which is more than 1")
        wrong = [
            each
            for each in fractions
            if not each.replace("_", "").replace("-", "").isalnum() or each == ERRORS
        ]
        if wrong:
            raise ValueError(
                f"'{wrong[0]}' is no name for an output: letters, digits, _ and -, and not '{ERRORS}'"
            )
        return fractions

    def lanes(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(self.fractions)

    def columns_after(self, inputs: Mapping[str, Schema]) -> Mapping[str, Schema]:
        """The input's, for each part."""
        return dict.fromkeys(self.fractions, inputs["frame"])

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names] | None:
        """With keys, what is wanted and what it names; else the whole row decides."""
        return passed_on(self, wanted, inputs) if self.keys else None

    def transform(self, frame: Frame, run: Run) -> Mapping[str, Frame]:
        """The parts by name."""
        return split(frame, self.fractions, self.seed, self.keys, self.stratify)
