"""From a frame to staged files: how many, in which order, counted."""

from __future__ import annotations

import os
from typing import Literal

from headrace.core import DataRefused, Frame, InvalidCall, Run, Value
from headrace.storage.counting import Counter
from headrace.storage.datasource import arrow_type, spread, write_frame
from headrace.storage.objects import StagedFile, StagedFiles

from .sink import Sink

__all__ = ["Writing"]

COMPRESSIONS = {
    "csv": ("none", "gzip"),
    "json": ("none", "gzip"),
    "parquet": ("snappy", "none", "gzip", "zstd"),
}


class Writing(Value):
    """How files are written: the writing half of ``destination.files``."""

    format: Literal["csv", "json", "parquet"] = "parquet"
    partition_by: tuple[str, ...] = ()
    files: int | None = None
    compression: str = "auto"
    header: bool = True
    delimiter: str = ","

    def _compression(self) -> str:
        known = COMPRESSIONS[self.format]
        wanted = known[0] if self.compression == "auto" else self.compression
        if wanted not in known:
            raise InvalidCall(
                "unknown-compression",
                f"{self.format} files are not written with {wanted} compression.",
                hint=f"There is {', '.join(known)}.",
            )
        return wanted

    def check(self, frame: Frame) -> None:
        """Before anything is computed: names, types and options."""
        self._compression()
        names = frame.columns
        if len(self.partition_by) >= len(names):
            raise DataRefused(
                "no-columns-left", "Every column is in partition_by, so the files would have none."
            )
        if len({name.casefold() for name in names}) < len(names):
            raise DataRefused(
                "duplicate-column",
                "Two columns have the same name (upper and lower case do not count).",
                hint="Rename one with processor.rename_fields.",
            )

    def write(self, frame: Frame, staged: StagedFiles, run: Run) -> list[StagedFile]:
        """Computes the frame once; a frame without rows still gives one file with its columns."""
        sink = Sink(
            staged.store,
            staged.staging,
            run.id,
            self.format,
            Counter.at(run.scratch / f"write-{os.urandom(4).hex()}"),
            self._partition_names(frame),
            {"compression": self._compression(), "header": self.header, "delimiter": self.delimiter},
        )
        run.watch(sink.counter.value, direction="in")
        write_frame(spread(frame, run.engine, self.files, sink.partition_by), sink)
        files = sink.written()
        run.counted(rows_in=sum(each.rows for each in files))
        return files or [sink.empty(_arrow(frame))]

    def _partition_names(self, frame: Frame) -> tuple[str, ...]:
        """The partition columns as the frame spells them."""
        spelled = {name.casefold(): name for name in frame.columns}
        return tuple(spelled.get(name.casefold(), name) for name in self.partition_by)


def _arrow(frame: Frame):  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.schema([(f.name, arrow_type(f.dataType.simpleString())) for f in frame.schema])
