"""The rows that a run could not use, kept with it: a few columns for all stages, in bounded files.

One Parquet file per stage and batch, readable by their owner only. A stage keeps ``MOST`` rows of a run; how
many there were is in the run's counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMNS", "MOST", "ErrorFiles"]

MOST = 10_000
COLUMNS = ("stage", "batch", "code", "message", "column", "source", "raw", "values")
REASON = ("_error_code", "_error_message", "_error_column")
RAW = "_error_raw"
REPLAYED = "replayed.json"


@dataclass(frozen=True)
class ErrorFiles:
    """Those of one run."""

    folder: Path

    def room(self, stage: str) -> int:
        """How many more rows the stage may keep."""
        import pyarrow.parquet as pq

        kept: int = sum(pq.read_metadata(path).num_rows for path in self._files(stage))
        return max(MOST - kept, 0)

    def _files(self, stage: str) -> list[Path]:
        return sorted((self.folder / stage).glob("*.parquet"))

    def keep(self, stage: str, batch: str, rows: pa.Table) -> None:
        """Writes the rows of one batch, in place of what an earlier try at the batch has left."""
        import pyarrow.parquet as pq

        path = self.folder / stage / f"{batch}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        pq.write_table(_shaped(stage, batch, rows), path)

    def stages(self) -> list[str]:
        """The stages that have kept something."""
        return (
            sorted(each.name for each in self.folder.iterdir() if each.is_dir())
            if self.folder.is_dir()
            else []
        )

    def read(self, stage: str | None = None) -> Iterator[dict[str, Any]]:
        """Rows by ``COLUMNS``, in the order of stages and batches; ``source`` and ``values`` are mappings."""
        import pyarrow.parquet as pq

        for name in [stage] if stage else self.stages():
            for path in self._files(name):
                for row in pq.read_table(path).to_pylist():
                    yield row | {key: json.loads(row[key]) for key in ("source", "values") if row[key]}

    def replayed(self) -> dict[str, str]:
        """By stage, the run that has replayed its rows."""
        path = self.folder / REPLAYED
        found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def note_replay(self, stage: str, run_id: str) -> None:
        """The rows of a stage are delivered."""
        (self.folder / REPLAYED).write_text(json.dumps(self.replayed() | {stage: run_id}))


def _shaped(stage: str, batch: str, rows: pa.Table) -> pa.Table:
    """The reason in columns of its own; where the row came from, and what it was, as JSON text."""
    import pyarrow as pa

    found: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for row in rows.to_pylist():
        reason = {name.removeprefix("_error_"): row.pop(name, None) for name in REASON}
        raw = row.pop(RAW, None)
        source = {
            name.removeprefix("_error_"): row.pop(name) for name in list(row) if name.startswith("_error_")
        }
        found["stage"].append(stage)
        found["batch"].append(batch)
        for name, value in reason.items():
            found[name].append(value)
        found["source"].append(_text(source) if source else None)
        found["raw"].append(raw if isinstance(raw, str) or raw is None else repr(raw))
        found["values"].append(_text(row) if row else None)
    return pa.table({name: pa.array(values, pa.string()) for name, values in found.items()})


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
