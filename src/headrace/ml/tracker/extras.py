"""What people look at and no gate waits for: importance and plots, added after the decision."""

from __future__ import annotations

import contextlib
import json
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.ml.learning.dataset import target_values, to_pandas
from headrace.ml.learning.fitting import Predictions, predict
from headrace.ml.learning.importance import permutation_importance
from headrace.ml.learning.plots import draw
from headrace.ml.learning.specification import PREDICTION, PROBABILITY
from headrace.ml.tracking.records import HoldoutData, TrainingRecord
from headrace.ml.tracking.runs import client_of
from headrace.ml.tracking.store import Store
from headrace.ml.tracking.unlogged_model import unlogged_model

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow import MlflowClient

    from headrace.ml.learning.learning_curve import Curve

    Say = Callable[[pa.Table], Predictions]

__all__ = ["Extras", "put_off"]

ROWS = 5000
CURVE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Extras:
    """A piece of work for later: it holds what it needs, since the run's scratch may be gone by then."""

    tracking_run: str
    record: TrainingRecord
    model: bytes = field(repr=False)
    """Empty where only Spark could load it: what it said about the holdout is in the table."""
    table: pa.Table = field(repr=False)

    def add(self, store: Store, still_wanted: Callable[[], bool]) -> None:
        """Computes and logs them, one after the other, while they are wanted."""
        client = client_of(store)
        record, holdout = self.record, self.record.holdout
        with self._opened() as say:
            if record.importance and say is not None and still_wanted():
                of = (holdout.target, holdout.task, record.model.features)
                found = permutation_importance(say, self.table, *of)
                client.log_dict(self.tracking_run, _as_table(found), "metrics/importance.json")
            if record.plots and still_wanted():
                truth = target_values(self.table, holdout.target, holdout.task)  # type: ignore[arg-type]
                said = say(self.table) if say is not None else _as_written(self.table, holdout)
                curve = record.curve or self._learning(truth)
                if curve is not None:
                    columns, rows = curve.table()
                    shown = {"columns": columns, "data": rows}
                    client.log_dict(self.tracking_run, shown, "metrics/learning_curve.json")
                for name, picture in draw(holdout.task, truth, said, curve):
                    _log_picture(client, self.tracking_run, name, picture)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Say | None]:
        """What the model says of rows."""
        file, holdout = self.record.model, self.record.holdout
        if not self.model:
            yield None
        elif file.flavor == "sklearn":
            pipeline = pickle.loads(self.model)  # noqa: S301  # written by our own run
            yield lambda rows: predict(pipeline, to_pandas(rows, file.features), holdout.task)
        else:
            with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
                path = Path(folder) / "model.pkl"
                path.write_bytes(self.model)
                with unlogged_model(replace(file, path=str(path))) as model:
                    yield lambda rows: model.predict(rows, holdout.task, holdout.classes)

    def _learning(self, truth: Any) -> Curve | None:
        """How the holdout's metric came about, where one of our learners can say afterwards."""
        from headrace.ml.learning.learning_curve import curve_of, stages

        file, task = self.record.model, self.record.holdout.task
        if file.flavor != "sklearn" or not self.record.library:
            return None
        pipeline = pickle.loads(self.model)  # noqa: S301  # written by our own run
        rows = to_pandas(self.table.slice(0, CURVE_ROWS), file.features)
        return curve_of(stages(pipeline, rows, task), task, truth[:CURVE_ROWS])


def put_off(tracking_run: str, record: TrainingRecord) -> Extras | None:
    """The work that a training leaves for later; ``None``: there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (record.importance or record.plots):
        return None
    first = next(pq.ParquetFile(record.holdout.path).iter_batches(ROWS), None)
    if first is None:
        return None
    path = Path(record.model.path)
    return Extras(
        tracking_run, record, path.read_bytes() if path.is_file() else b"", pa.Table.from_batches([first])
    )


def _as_written(table: pa.Table, holdout: HoldoutData) -> Predictions:
    """What the training has written beside the holdout; of two classes their probabilities, too."""
    import numpy as np

    values = table.column(PREDICTION).to_numpy()
    if len(holdout.classes) != 2 or PROBABILITY not in table.schema.names:
        return Predictions(values)
    sure = table.column(PROBABILITY).to_numpy()
    return Predictions(values, np.column_stack([1 - sure, sure]), holdout.classes)


def _as_table(found: pa.Table) -> dict[str, Any]:
    """The form in which MLflow's page shows a table."""
    rows = [list(row.values()) for row in found.to_pylist()]
    return {"columns": found.schema.names, "data": json.loads(json.dumps(rows))}


def _log_picture(client: MlflowClient, tracking_run: str, name: str, picture: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        path = Path(folder) / f"{name}.png"
        path.write_bytes(picture)
        client.log_artifact(tracking_run, str(path), "plots")
