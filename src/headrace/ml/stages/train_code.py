"""Train a model with your own code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from headrace.core import Code, Column, Columns, Field, Frame, Issue, Processor, Run, Schema, Stage
from headrace.ml.checks import training_issues, training_mistakes
from headrace.ml.learning.metrics import Task
from headrace.ml.learning.specification import Specification, training_outputs
from headrace.ml.learning.splits import Moment, SplitPlan


class TrainCode(Processor):
    """Train with your own Python; holdout, tracking, registry and gate are those of `ml.train_model`.

    The code assigns `model`, or defines `train(features, target)` that returns it: any model that MLflow
    knows (scikit-learn, XGBoost, LightGBM, PyTorch, a `mlflow.pyfunc.PythonModel` …). It sees `features`
    (pandas), `target` (NumPy), `rows` (all columns), `task`, `seed`, `parameters`, `log`; never the holdout.
    """

    eager: ClassVar[bool] = True
    previews: ClassVar[bool] = False
    costly: ClassVar[bool] = True
    outputs: ClassVar[tuple[str, ...]] = ("model", "predictions", "importance")
    default_output: ClassVar[str | None] = "model"

    code: Code = Field(
        description="Python that makes a model.",
        examples=["from sklearn.linear_model import Ridge\nmodel = Ridge().fit(features, target)"],
    )
    target: Column = Field(description="The column to predict.", examples=["price"])
    task: Task | None = Field(None, description="Inferred from the target unless said.")
    features: Columns = Field((), description="The columns to learn from; empty: all but the target.")
    ignore: Columns = Field((), description="Columns not to learn from, such as an identifier.")
    requirements: tuple[str, ...] = Field(
        (), description="Packages needed where the model is loaded.", examples=[["xgboost"]]
    )
    seed: int = Field(42, description="Another seed: another holdout, other folds, another model.")
    holdout: float = Field(0.2, gt=0, lt=1, description="The share of rows to check on.")
    split_by: Columns = Field((), description="Key columns whose rows stay together.")
    time_column: Column | None = Field(None, description="Check on what comes last by this column.")
    holdout_after: Moment | None = Field(None, description="With `time_column`: the last that is trained on.")
    register_as: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="The registered model's name; without it, none is registered.",
        examples=["housing"],
    )
    description: str = Field("", description="Shown with the registered version.")
    memory_limit: str | None = Field(
        None,
        pattern=r"(?i)^\s*\d+(\.\d+)?\s*[KMGT]?I?B\s*$",
        description="The most that the rows may take; a quarter of the free memory unless set.",
        examples=["2GB"],
    )
    importance: bool = Field(True, description="Record permutation importance, after the gate.")
    plots: bool = Field(True, description="Record plots, after the gate; needs the `plots` extra.")

    def columns_after(self, inputs: Mapping[str, Schema]) -> Mapping[str, Schema]:
        """Follows from the task alone, and from the holdout's columns."""
        return training_outputs(self.specification(), inputs["frame"])

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """Parameters that the learner does not have, a search without folds, and the like."""
        del sources
        return training_mistakes(self.specification())

    def problems(self, inputs: Mapping[str, Schema]) -> Iterable[Issue]:
        """A target that the task cannot have, and the like."""
        return training_issues(self.specification(), inputs)

    def transform(self, frame: Frame, run: Run, holdout: Frame | None = None) -> Mapping[str, Frame]:
        """Runs the code now; see :func:`headrace.ml.training.train.train`."""
        from headrace.ml.training.train import train

        return train(self.specification(), frame, holdout, run)

    def specification(self) -> Specification:
        """The form's fields as the training takes them."""
        plan = SplitPlan(self.holdout, self.seed, self.split_by, self.time_column, self.holdout_after)
        same = ("target", "task", "features", "ignore", "code", "requirements")
        more = ("register_as", "description", "memory_limit", "importance", "plots")
        given = {name: getattr(self, name) for name in (*same, *more)}
        return Specification(split=plan, algorithm="code", library="own", **given)
