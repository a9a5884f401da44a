"""A pyspark.ml pipeline over raw rows: built, saved, loaded, asked, in the run's own process and JVM."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.ml.learning.algorithms import NAMES, Learner
from headrace.ml.tracking.model_file import output_type
from headrace.ml.tracking.records import ModelFile

if TYPE_CHECKING:
    from headrace.core import Frame, Json
    from headrace.ml.learning.dataset import Feature
    from headrace.ml.learning.material import Material, Trained

__all__ = ["INDEX", "build_pipeline", "load_spark_model", "spark_predictions", "write_spark_model"]

INDEX = "_label_index"
PREFIX = "_prepared_"
ESTIMATORS = {
    ("gradient_boosted_trees", True): "GBTRegressor",
    ("gradient_boosted_trees", False): "GBTClassifier",
    ("random_forest", True): "RandomForestRegressor",
    ("random_forest", False): "RandomForestClassifier",
    ("decision_tree", True): "DecisionTreeRegressor",
    ("decision_tree", False): "DecisionTreeClassifier",
    ("linear", True): "LinearRegression",
    ("linear", False): "LogisticRegression",
}
SPARKS = ("prediction", "probability", "rawPrediction")
"""Columns that Spark's models add; rows may have their own of that name."""


def build_pipeline(learner: Learner, features: Sequence[Feature], target: str, categories: int) -> Any:
    """An unfitted pipeline: SQL casts, median for missing numbers, indexed text, one vector, the learner."""
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import Imputer, OneHotEncoder, StringIndexer, VectorAssembler

    numbers = [each for each in features if each.kind != "category"]
    texts = [each for each in features if each.kind == "category"]
    stages: list[Any] = [_casts(features)]
    columns: list[str] = []
    if numbers:
        names = [f"{PREFIX}{part}" for each in numbers for part, _ in _numeric_parts(each)]
        filled = [f"{each}_filled" for each in names]
        stages.append(Imputer(inputCols=names, outputCols=filled, strategy="median"))
        columns += filled
    if texts:
        raw = [f"{PREFIX}{each.name}" for each in texts]
        coded = [f"{each}_code" for each in raw]
        stages.append(StringIndexer(inputCols=raw, outputCols=coded, handleInvalid="keep"))
        if learner.algorithm == "linear":
            hot = [f"{each}_hot" for each in raw]
            stages.append(OneHotEncoder(inputCols=coded, outputCols=hot, handleInvalid="keep"))
            coded = hot
        columns += coded
    stages.append(VectorAssembler(inputCols=columns, outputCol=f"{PREFIX}vector", handleInvalid="keep"))
    stages.append(_estimator(learner, target, categories))
    return Pipeline(stages=stages)


def _casts(features: Sequence[Feature]) -> Any:
    from pyspark.ml.feature import SQLTransformer

    parts = []
    for each in features:
        if each.kind == "category":
            parts.append(
                f"coalesce(cast({_quoted(each.name)} as string), '') as {_quoted(PREFIX + each.name)}"
            )
        else:
            parts += [f"{sql} as {_quoted(PREFIX + name)}" for name, sql in _numeric_parts(each)]
    # Column names are quoted, and nothing else comes from a document.
    return SQLTransformer(statement=f"select *, {', '.join(parts)} from __THIS__")  # noqa: S608


def _numeric_parts(feature: Feature) -> list[tuple[str, str]]:
    column = _quoted(feature.name)
    if feature.kind not in ("date", "timestamp"):
        return [(feature.name, f"cast({column} as double)")]
    moment = f"cast({column} as timestamp)"
    calls = {"days": f"unix_date(to_date({moment}))"} | {
        part: f"{part}({moment})" for part in ("month", "dayofmonth", "dayofweek", "hour")
    }
    return [(f"{feature.name}_{part}", f"cast({sql} as double)") for part, sql in calls.items()]


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _estimator(learner: Learner, target: str, categories: int) -> Any:
    from pyspark.ml import classification, regression

    kind = ESTIMATORS[learner.algorithm, learner.task == "regression"]
    names = NAMES["spark_ml"][learner.algorithm]
    given = {names[ours]: value for ours, value in learner.parameters.items() if ours in names}
    given |= {"featuresCol": f"{PREFIX}vector"}
    given |= {"labelCol": target if learner.task == "regression" else INDEX}
    if learner.algorithm != "linear":
        given |= {"seed": learner.seed, "maxBins": max(32, categories + 2)}
    return getattr(regression if learner.task == "regression" else classification, kind)(**given)


def spark_predictions(model: Any, frame: Frame, task: str, classes: Sequence[Json], name: str) -> Frame:
    """``frame`` with the prediction as a label, and the vector of probabilities in ``_probabilities``."""
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions as f

    own = {each: f"_own_{each}" for each in frame.columns if each in SPARKS}
    said = model.transform(frame.withColumnsRenamed(own))
    kept = [f.col(_quoted(own.get(each, each))).alias(each) for each in frame.columns]
    if task == "regression":
        return said.select(*kept, f.col("prediction").alias(name))
    labels = f.array(*(f.lit(each) for each in classes))
    label = f.element_at(labels, f.col("prediction").cast("int") + 1)
    return said.select(*kept, label.alias(name), vector_to_array("probability").alias("_probabilities"))


def write_spark_model(trained: Trained, material: Material, folder: Path) -> ModelFile:
    """The model as MLflow saves it, in ``folder``."""
    from headrace.ml.tracking.logged_model import pinned, signature_of

    path = folder / "spark_model"
    shutil.rmtree(path, ignore_errors=True)  # an earlier attempt's: MLflow would put the new one inside it
    file = ModelFile(
        path=str(path),
        flavor="spark",
        features=material.features,
        output="double" if material.task == "regression" else output_type(material.task, material.target),
        requirements=trained.requirements,
        example={},
        about={
            "task": material.task,
            "features": [asdict(each) for each in material.features],
            "classes": list(material.classes),
        },
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about code of its own
        import mlflow.spark

        mlflow.spark.save_model(
            trained.model,
            str(path),
            dfs_tmpdir=str(folder / "spark_draft"),
            signature=signature_of(file),
            pip_requirements=pinned(file.requirements),
            metadata={"headrace": dict(file.about)},
        )
    return file


def load_spark_model(folder: Path) -> Any:
    """The ``PipelineModel`` in a model's folder, in the active Spark session."""
    from pyspark.ml import PipelineModel

    return PipelineModel.load(str(folder / "sparkml"))
