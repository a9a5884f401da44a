"""A model that MLflow has logged, loaded to score Arrow tables: ours without MLflow, any other with it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import DataRefused, Json

from .dataset import Feature, to_pandas
from .fitting import Predictions, predict

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LoadedModel", "describe", "load_model"]

OUTPUT_TYPES = {
    "double": "double",
    "float": "double",
    "long": "bigint",
    "integer": "bigint",
    "boolean": "boolean",
}


class LoadedModel(Protocol):
    """What scores rows."""

    def predict(self, table: pa.Table, task: str | None = None, classes: Sequence[Json] = ()) -> Predictions:
        """Predictions of raw rows, and probabilities where the model has them."""


@dataclass(frozen=True, slots=True)
class OurModel:
    """A scikit-learn pipeline over raw rows that a training here has made."""

    pipeline: Any = field(repr=False)
    features: tuple[Feature, ...]
    task: str

    def predict(self, table: pa.Table, task: str | None = None, classes: Sequence[Json] = ()) -> Predictions:
        """As the pipeline says; the columns are converted as in training."""
        del classes
        missing = [each.name for each in self.features if each.name not in table.schema.names]
        if missing:
            raise DataRefused(
                "model-column-missing",
                f"The model needs the column '{missing[0]}', which the rows do not have.",
                hint="Put the same stages before the scoring as before the training.",
            )
        return predict(self.pipeline, to_pandas(table, self.features), task or self.task)


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """Any model that MLflow can load; labels are all that it is sure to give."""

    model: Any = field(repr=False)
    names: tuple[str, ...]

    def predict(self, table: pa.Table, task: str | None = None, classes: Sequence[Json] = ()) -> Predictions:
        """What ``predict`` gives; numbers between 0 and 1 are probabilities of the last class."""
        import numpy as np

        frame = (table.select(self.names) if self.names else table).to_pandas()
        values = np.asarray(self.model.predict(frame))
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if task in (None, "regression") or not classes:
            return Predictions(values)
        return _as_classes(values, list(classes))


def _as_classes(values: Any, classes: list[Json]) -> Predictions:
    import numpy as np

    known = np.asarray(classes)
    if values.ndim == 2:
        return Predictions(known[values.argmax(axis=1)], values, tuple(classes))
    fractions = values.dtype.kind == "f" and len(classes) == 2 and not set(np.unique(values)) <= set(classes)
    if fractions:
        spread = np.column_stack([1 - values, values])
        return Predictions(known[(values >= 0.5).astype(int)], spread, tuple(classes))
    return Predictions(values)


def describe(folder: Path) -> Mapping[str, Any]:
    """The ``MLmodel`` file of a model's folder."""
    from ruamel.yaml import YAML

    found: Mapping[str, Any] = YAML(typ="safe", pure=True).load((folder / "MLmodel").read_text())
    return found


def load_model(folder: Path) -> LoadedModel:
    """The model in a folder that MLflow has written. Runs pickled code: trust it as you trust code."""
    about = describe(folder)
    ours = (about.get("metadata") or {}).get("headrace")
    flavor = about["flavors"].get("sklearn")
    if ours and flavor and "features" in ours:
        with (folder / flavor["pickled_model"]).open("rb") as stream:
            pipeline = pickle.load(stream)  # noqa: S301
        return OurModel(pipeline, tuple(Feature(**each) for each in ours["features"]), ours["task"])
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(folder))
    schema = model.metadata.get_input_schema()
    names = tuple(schema.input_names()) if schema is not None and schema.has_input_names() else ()
    return ForeignModel(model, names)


def output_type(folder: Path) -> str:
    """Spark's type of a prediction, from the signature; ``double`` where there is none."""
    import json

    outputs = (describe(folder).get("signature") or {}).get("outputs")
    columns = json.loads(outputs) if outputs else []
    kind = columns[0].get("type") if columns else "double"
    if kind == "tensor":
        return "double"
    return OUTPUT_TYPES.get(kind, "string")
