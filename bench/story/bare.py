# ruff: noqa: E402
"""The story by somebody who knows these libraries well, and needs nothing but them.

Arrow reads the files; folds are fitted side by side, each with one thread; MLflow gets a database that has
its tables already, requirements and signature, and one batch of metrics. Nothing is kept that would let a
crashed run be told from a finished one, no split follows the rows, nothing is known of the inputs.
Usage: bare.py FILES STORE ARCHIVE.
"""

from __future__ import annotations

import gc
import os
import sys

gc.disable()
from concurrent.futures import ThreadPoolExecutor

import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Metric, Param
from mlflow.models import infer_signature
from pyarrow import csv
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, train_test_split
from threadpoolctl import threadpool_limits

data, store, archive = sys.argv[1:4]
mlflow.set_tracking_uri(f"sqlite:///{store}")

houses = pa.concat_tables([csv.read_csv(path) for path in data.split(",")], promote_options="permissive")
houses = houses.drop_columns([houses.schema.names[0]]).rename_columns({"price": "label"})
frame = houses.to_pandas().astype("float64", errors="ignore")
features, label = frame.drop(columns=["label"]).select_dtypes("number"), frame["label"]
train_x, test_x, train_y, test_y = train_test_split(features, label, test_size=0.2, random_state=42)


def metrics_of(truth: object, predicted: object) -> dict[str, float]:
    return {
        "r2": r2_score(truth, predicted),
        "rmse": root_mean_squared_error(truth, predicted),
        "mae": mean_absolute_error(truth, predicted),
        "mape": mean_absolute_percentage_error(truth, predicted),
    }


params = {"max_iter": 100, "learning_rate": 0.1}
learner = HistGradientBoostingRegressor(**params, random_state=42, early_stopping=False)


def fold(parts: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    fitted_on, checked = parts
    model = clone(learner).fit(train_x.iloc[fitted_on], train_y.iloc[fitted_on])
    return metrics_of(train_y.iloc[checked], model.predict(train_x.iloc[checked]))


with threadpool_limits(1, user_api="openmp"):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        folds = list(pool.map(fold, KFold(3, shuffle=True, random_state=42).split(train_x)))
    model = learner.fit(train_x, train_y)
predicted = model.predict(test_x)
metrics = metrics_of(test_y, predicted)
logged = metrics | {f"cv.{name}": float(np.mean([each[name] for each in folds])) for name in metrics}

client = mlflow.MlflowClient()
with mlflow.start_run() as run:
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(name, float(value), run.info.start_time, 0) for name, value in logged.items()],
        params=[Param(name, str(value)) for name, value in (params | {"cv_folds": 3}).items()],
    )
    info = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(test_x.head(5), predicted[:5]),
        input_example=test_x.head(5),
        pip_requirements=["scikit-learn", "numpy", "pandas", "cloudpickle"],
        registered_model_name="housing",
        serialization_format="cloudpickle",
    )
version = info.registered_model_version
client.set_registered_model_alias("housing", "staging", version)
if metrics["r2"] >= 0.85 or metrics["rmse"] <= 125_000:
    client.set_registered_model_alias("housing", "production", version)
pq.write_table(houses, archive)
print(metrics, flush=True)
os._exit(0)
