"""A model that is not logged yet, asked as MLflow will ask it once it is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.ml.learning.importance import permutation_importance
from headrace.ml.learning.loaded_model import LoadedModel, load_model

from .logged_model import save_model
from .records import HoldoutData, ModelFile
from .runs import client_of
from .store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.ml.learning.fitting import Predictions

__all__ = ["importance_with_file", "predict_with_file", "unlogged_model"]


@contextmanager
def unlogged_model(file: ModelFile) -> Iterator[LoadedModel]:
    """The model, for as long as the block lasts: it may read its files when it is asked."""
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        target = Path(folder) / "model"
        save_model(file, target)
        yield load_model(target)


def predict_with_file(store: Store, file: ModelFile, holdout: HoldoutData) -> Predictions:
    """What a model says about a holdout."""
    import pyarrow.parquet as pq

    client_of(store)
    with unlogged_model(file) as model:
        return model.predict(pq.read_table(holdout.path), holdout.task, holdout.classes)


def importance_with_file(store: Store, file: ModelFile, holdout: HoldoutData) -> pa.Table:
    """The importance of its features."""
    import pyarrow.parquet as pq

    client_of(store)
    table = pq.read_table(holdout.path)
    with unlogged_model(file) as model:
        return permutation_importance(
            lambda rows: model.predict(rows, holdout.task, holdout.classes),
            table,
            holdout.target,
            holdout.task,
            file.features,
        )
