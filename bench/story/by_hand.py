"""The story as a data scientist writes it today: pandas, scikit-learn and MLflow with its defaults.

The same data, learner, folds, metrics and artefacts as ``examples/housing``: three-fold cross-validation,
a holdout of a fifth, parameters, metrics and model tracked, a version registered, the gate decided, the
training data archived as Parquet. Two settings are not defaults: ``serialization_format``, without which
MLflow refuses to log this learner, and ``early_stopping``, so that both train the same hundred trees.
"""

from __future__ import annotations

import sys

import mlflow
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, cross_validate, train_test_split

data, store, archive = sys.argv[1:4]
mlflow.set_tracking_uri(f"sqlite:///{store}")

houses = pd.concat([pd.read_csv(path) for path in data.split(",")])
houses = houses.drop(columns=[houses.columns[0]]).rename(columns={"price": "label"})
features, label = houses.drop(columns=["label"]), houses["label"]
train_x, test_x, train_y, test_y = train_test_split(features, label, test_size=0.2, random_state=42)

params = {"max_iter": 100, "learning_rate": 0.1}
scoring = {"r2": "r2", "rmse": "neg_root_mean_squared_error", "mae": "neg_mean_absolute_error"}
with mlflow.start_run():
    model = HistGradientBoostingRegressor(**params, random_state=42, early_stopping=False)
    folds = cross_validate(
        model, train_x, train_y, cv=KFold(3, shuffle=True, random_state=42), scoring=scoring
    )
    model.fit(train_x, train_y)
    predicted = model.predict(test_x)
    mlflow.log_params(params | {"cv_folds": 3})
    for name in scoring:
        mlflow.log_metric(f"cv_{name}", float(np.abs(folds[f"test_{name}"]).mean()))
    metrics = {
        "r2": r2_score(test_y, predicted),
        "rmse": root_mean_squared_error(test_y, predicted),
        "mae": mean_absolute_error(test_y, predicted),
        "mape": mean_absolute_percentage_error(test_y, predicted),
    }
    for name, value in metrics.items():
        mlflow.log_metric(name, value)
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        input_example=train_x.head(5),
        registered_model_name="housing",
        serialization_format="cloudpickle",
    )
client = mlflow.MlflowClient()
version = logged.registered_model_version
client.set_registered_model_alias("housing", "staging", version)
if metrics["r2"] >= 0.85 or metrics["rmse"] <= 125_000:
    client.set_registered_model_alias("housing", "production", version)
houses.to_parquet(archive)
print(metrics)
