"""From raw rows to numbers, inside the model: what is learned here is learned in each fold anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import portable

if TYPE_CHECKING:
    from .dataset import Feature

__all__ = ["Style", "categorical_positions", "preparation"]

Style = Literal["native", "trees", "linear"]
"""What the learner takes: categories and NaN (native), codes and NaN (trees), or scaled numbers (linear)."""

CALENDAR_PARTS = 5
CATEGORIES = 254
"""A histogram learner has 255 bins, one of them for missing values; rarer categories become one."""
ONE_HOT = 50


def preparation(features: Sequence[Feature], style: Style) -> Any:
    """A ``ColumnTransformer`` over raw columns by name: numbers, then calendar parts, then categories."""
    from sklearn.compose import ColumnTransformer

    steps = [(name, _step(name, style), columns) for name, columns in _groups(features) if columns]
    return ColumnTransformer(steps, remainder="drop", verbose_feature_names_out=False)


def categorical_positions(features: Sequence[Feature]) -> list[int]:
    """Where the categories are in what the preparation gives."""
    width = {"number": 1, "boolean": 1, "date": CALENDAR_PARTS, "timestamp": CALENDAR_PARTS}
    before = sum(width.get(each.kind, 0) for each in features)
    return [before + number for number in range(sum(each.kind == "category" for each in features))]


def _groups(features: Sequence[Feature]) -> list[tuple[str, list[str]]]:
    kinds = (
        ("numbers", ("number", "boolean")),
        ("calendar", ("date", "timestamp")),
        ("categories", ("category",)),
    )
    return [(name, [each.name for each in features if each.kind in wanted]) for name, wanted in kinds]


def _step(name: str, style: Style) -> Any:
    from sklearn.pipeline import make_pipeline

    reads = _reader(
        {"numbers": portable.numbers, "calendar": portable.calendar, "categories": portable.texts}[name]
    )
    if name == "categories":
        return make_pipeline(reads, _encoder(style))
    if style != "linear":
        return reads
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(reads, imputer, StandardScaler())


def _reader(function: Any) -> Any:
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(function)


def _encoder(style: Style) -> Any:
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    if style == "linear":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=ONE_HOT, sparse_output=False
        )
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=CATEGORIES if style == "native" else None,
    )
