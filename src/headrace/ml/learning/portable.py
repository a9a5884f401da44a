"""Code that travels inside models, pickled by value: a model must load where Headrace is not installed.

So nothing here may import anything of ours, and every function brings its own imports.
"""

from __future__ import annotations

from typing import Any

__all__ = ["calendar", "encoded_labels", "numbers", "texts"]


def numbers(frame: Any) -> Any:
    """Numbers and booleans of any kind as floats, missing ones as NaN."""
    return frame.astype("float64").to_numpy()


def texts(frame: Any) -> Any:
    """Text as objects, missing ones as NaN; what is not text is put in words."""
    import numpy
    import pandas

    columns = {}
    for name in frame.columns:
        column = frame[name].astype(object)
        if pandas.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):
            column = column.map(str, na_action="ignore")
        columns[name] = column.where(column.notna(), numpy.nan)
    return pandas.DataFrame(columns, index=frame.index).to_numpy(dtype=object)


def calendar(frame: Any) -> Any:
    """Days since 1970, month, day of the month, weekday and hour of each date or timestamp (UTC)."""
    import numpy
    import pandas

    parts = []
    for name in frame.columns:
        moment = pandas.to_datetime(frame[name], utc=True)
        days = (moment - pandas.Timestamp(0, tz="UTC")).dt.total_seconds() / 86_400
        parts += [days, moment.dt.month, moment.dt.day, moment.dt.dayofweek, moment.dt.hour]
    return numpy.column_stack([numpy.asarray(part, dtype="float64") for part in parts])


def encoded_labels(classifier: Any) -> Any:
    """``classifier``, which wants labels 0 … k-1, as one that takes labels of any kind."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class EncodedLabels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def __init__(self, classifier: Any) -> None:
            self.classifier = classifier

        def fit(self, features: Any, target: Any) -> Any:
            import numpy

            self.classes_, encoded = numpy.unique(target, return_inverse=True)
            self.classifier.fit(features, encoded)
            return self

        def predict(self, features: Any) -> Any:
            import numpy

            return self.classes_[numpy.asarray(self.classifier.predict(features)).astype(int)]

        def predict_proba(self, features: Any) -> Any:
            return self.classifier.predict_proba(features)

    return EncodedLabels(classifier)
