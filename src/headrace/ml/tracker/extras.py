"""What people look at and no gate waits for: importance and plots, added after the decision."""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.ml.learning.dataset import Feature, target_values, to_pandas
from headrace.ml.learning.fitting import Predictions, predict
from headrace.ml.learning.importance import permutation_importance
from headrace.ml.learning.plots import draw
from headrace.ml.tracking.records import TrainingRecord
from headrace.ml.tracking.runs import client_of
from headrace.ml.tracking.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow import MlflowClient

__all__ = ["Extras", "put_off"]

ROWS = 5000


@dataclass(frozen=True, slots=True)
class Extras:
    """A piece of work for later: it holds what it needs, since the run's scratch may be gone by then."""

    tracking_run: str
    model: bytes = field(repr=False)
    table: pa.Table = field(repr=False)
    target: str
    task: str
    features: tuple[Feature, ...]
    importance: bool
    plots: bool

    def add(self, store: Store, still_wanted: Callable[[], bool]) -> None:
        """Computes and logs them, one after the other, while they are wanted."""
        client = client_of(store)
        model: Any = pickle.loads(self.model)  # noqa: S301  # written by our own run
        if self.importance and still_wanted():
            found = permutation_importance(model, self.table, self.target, self.task, self.features)
            client.log_dict(self.tracking_run, _as_table(found), "metrics/importance.json")
        if self.plots and still_wanted():
            truth = target_values(self.table, self.target, self.task)  # type: ignore[arg-type]
            said = predict(model, to_pandas(self.table, self.features), self.task)
            for name, picture in draw(self.task, truth, said, self._learning(model)):
                _log_picture(client, self.tracking_run, name, picture)

    def _learning(self, model: Any) -> Sequence[Predictions]:
        """Predictions after each round of boosting, where the learner can say."""
        from headrace.ml.learning.learning_curve import stages

        part = self.table.slice(0, 1000)
        return stages(model, to_pandas(part, self.features), self.task)


def put_off(tracking_run: str, record: TrainingRecord) -> Extras | None:
    """The work that a training leaves for later; ``None``: there is none."""
    import pyarrow.parquet as pq

    if not (record.importance or record.plots) or record.model.flavor != "sklearn":
        return None
    first = next(pq.ParquetFile(record.holdout.path).iter_batches(ROWS), None)
    if first is None:
        return None
    import pyarrow as pa

    return Extras(
        tracking_run=tracking_run,
        model=Path(record.model.path).read_bytes(),
        table=pa.Table.from_batches([first]),
        target=record.holdout.target,
        task=record.holdout.task,
        features=record.model.features,
        importance=record.importance,
        plots=record.plots,
    )


def _as_table(found: pa.Table) -> dict[str, Any]:
    """The form in which MLflow's page shows a table."""
    rows = [list(row.values()) for row in found.to_pylist()]
    return {"columns": found.schema.names, "data": json.loads(json.dumps(rows))}


def _log_picture(client: MlflowClient, tracking_run: str, name: str, picture: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        path = Path(folder) / f"{name}.png"
        path.write_bytes(picture)
        client.log_artifact(tracking_run, str(path), "plots")
