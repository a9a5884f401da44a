"""Score rows with a registered model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from pydantic import model_validator

from headrace.core import Field, Frame, Issue, NewColumn, Processor, Run, Schema
from headrace.ml.checks import scoring_issues
from headrace.ml.scoring.rows import Scoring


class ScoreRows(Processor):
    """Add a registered model's prediction and its version to every row.

    In parallel on both engines, with bounded memory. The rows go in raw: what the training prepared, the
    model prepares. Loading a model runs code from the registry, so trust a registry as you trust code.
    """

    keeps_rows: ClassVar[bool] = True
    costly: ClassVar[bool] = True

    model: str = Field(description="The registered model's name.", min_length=1, examples=["housing"])
    version: int | None = Field(None, ge=1, description="An exact version.")
    alias: str | None = Field(None, description="The version with this alias.", examples=["production"])
    stage: Literal["staging", "production"] | None = Field(
        None,
        description="The version with this label, however the registry keeps it; `production` unless told.",
    )
    prediction: NewColumn = Field("prediction", description="The column that gets the prediction.")
    version_column: NewColumn = Field("model_version", description="The column that gets the version.")
    probability: NewColumn | None = Field(
        None,
        description="A column for the probability: of the positive class, or of the predicted one of many.",
    )

    @model_validator(mode="after")
    def _one_selector(self) -> ScoreRows:
        if sum(each is not None for each in (self.version, self.alias, self.stage)) > 1:
            raise ValueError("set one of 'version', 'alias' and 'stage'")
        return self

    def problems(self, inputs: Mapping[str, Schema]) -> Iterable[Issue]:
        """Added columns that the input has already."""
        return scoring_issues(self._scoring(), inputs["frame"])

    def transform(self, frame: Frame, run: Run) -> Frame:
        """Looks the version up now and scores when the rows are read."""
        from headrace.ml.scoring.rows import score_frame

        return score_frame(self._scoring(), frame, run)

    def _scoring(self) -> Scoring:
        if self.version is not None:
            selector = f"version:{self.version}"
        else:
            selector = f"alias:{self.alias}" if self.alias else f"label:{self.stage or 'production'}"
        return Scoring(self.model, selector, self.prediction, self.version_column, self.probability)
