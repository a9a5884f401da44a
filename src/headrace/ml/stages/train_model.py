"""Train a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from headrace.core import Column, Columns, Field, Frame, Issue, Processor, Run, Schema, Stage
from headrace.ml.checks import training_issues, training_mistakes
from headrace.ml.learning.algorithms import PARAMETERS, Algorithm, Library
from headrace.ml.learning.metrics import Task
from headrace.ml.learning.search import Space
from headrace.ml.learning.specification import Specification, training_outputs
from headrace.ml.learning.splits import Moment, SplitPlan


class TrainModel(Processor):
    """Train, check on a holdout, track and register a model; gives one row about it.

    Also gives `predictions` (the holdout rows, scored) and `importance` (of features, by permutation).
    """

    eager: ClassVar[bool] = True
    previews: ClassVar[bool] = False
    costly: ClassVar[bool] = True
    outputs: ClassVar[tuple[str, ...]] = ("model", "predictions", "importance")
    default_output: ClassVar[str | None] = "model"

    target: Column = Field(description="The column to predict.", examples=["price"])
    task: Task | None = Field(None, description="Inferred from the target unless said.")
    features: Columns = Field((), description="The columns to learn from; empty: all but the target.")
    ignore: Columns = Field((), description="Columns not to learn from, such as an identifier.")
    algorithm: Algorithm = Field("gradient_boosted_trees", description="What learns.")
    library: Library = Field(
        "scikit_learn", description="The same model on both engines, or `spark_ml` on Spark."
    )
    max_iter: int | None = Field(None, ge=1, description="Boosting rounds, trees of a forest, or iterations.")
    max_depth: int | None = Field(None, ge=1, description="Levels of a tree, at most.")
    learning_rate: float | None = Field(None, gt=0, description="How much each boosting round counts.")
    min_samples_leaf: int | None = Field(None, ge=1, description="Rows in a leaf, at least.")
    max_leaf_nodes: int | None = Field(None, ge=2, description="Leaves of a tree, at most.")
    max_features: float | None = Field(
        None, gt=0, le=1, description="The share of columns looked at each time."
    )
    subsample: float | None = Field(None, gt=0, le=1, description="The share of rows each tree sees.")
    l1: float | None = Field(None, ge=0, description="Strength of L1 regularization.")
    l2: float | None = Field(None, ge=0, description="Strength of L2 regularization.")
    early_stopping: bool | None = Field(None, description="Stop when a part held back gets no better.")
    seed: int = Field(42, description="Another seed: another holdout, other folds, another model.")
    holdout: float = Field(
        0.2, gt=0, lt=1, description="The share of rows to check on; unless given as an input."
    )
    split_by: Columns = Field((), description="Key columns whose rows stay together in holdout and folds.")
    time_column: Column | None = Field(None, description="Check on what comes last by this column.")
    holdout_after: Moment | None = Field(None, description="With `time_column`: the last that is trained on.")
    cv_folds: int | None = Field(
        None, ge=2, le=100, description="Folds of a cross-validation; none unless set."
    )
    search: Space = Field(
        {}, description="Values to try for each parameter, or a range.", examples=[{"max_depth": [3, 6]}]
    )
    search_draws: int | None = Field(
        None, ge=1, le=1000, description="Random draws instead of the whole grid."
    )
    search_metric: str | None = Field(
        None, description="What a search compares; unless set, `r2` or `log_loss`."
    )
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

    def engine_needs(self) -> frozenset[str]:
        """Spark's own learners need Spark, and MLflow a JVM beside it to save their models."""
        return frozenset({"spark_ml", "jvm"}) if self.library == "spark_ml" else frozenset()

    def transform(self, frame: Frame, run: Run, holdout: Frame | None = None) -> Mapping[str, Frame]:
        """Trains now; see :func:`headrace.ml.training.train.train`."""
        from headrace.ml.training.train import train

        return train(self.specification(), frame, holdout, run)

    def specification(self) -> Specification:
        """The form's fields as the training takes them."""
        given = {name: getattr(self, name) for name in PARAMETERS}
        plan = SplitPlan(
            self.holdout, self.seed, self.split_by, self.time_column, self.holdout_after, self.cv_folds or 0
        )
        same = ("target", "task", "features", "ignore", "algorithm", "library", "search", "search_draws")
        more = ("search_metric", "register_as", "description", "memory_limit", "importance", "plots")
        return Specification(
            split=plan,
            parameters={name: value for name, value in given.items() if value is not None},
            **{name: getattr(self, name) for name in (*same, *more)},
        )
