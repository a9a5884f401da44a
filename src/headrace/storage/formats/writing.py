"""From a frame to staged files: how many, in which order, counted."""

from __future__ import annotations

import os
from collections.abc import Iterator

from headrace.core import DataRefused, Frame, InvalidCall, Issue, Run, Value
from headrace.storage.counting import Counter
from headrace.storage.datasource import arrow_type, spread, write_frame
from headrace.storage.objects import StagedFile, StagedFiles

from .registry import file_kind
from .sink import Sink
from .styles import WriteStyle

__all__ = ["Writing", "writing_mistakes"]


def writing_mistakes(style: WriteStyle, mode: str, partition_by: tuple[str, ...]) -> Iterator[Issue]:
    """What cannot be written whatever rows come."""
    if mode == "overwrite_partitions" and not partition_by:
        yield Issue(
            "missing-field",
            "Mode 'overwrite_partitions' replaces folders, and there are none without `partition_by`.",
            field="partition_by",
            hint="Name the columns that become folders, or choose mode 'overwrite'.",
        )
    try:
        style_of(style)
    except InvalidCall as error:
        yield Issue(error.code, error.message, field="compression", hint=error.hint)


def style_of(style: WriteStyle) -> WriteStyle:
    """With a compression that the format has; raises ``InvalidCall`` (``unknown-compression``)."""
    known = file_kind(style.format).compressions
    wanted = known[0] if style.compression == "auto" else style.compression
    if wanted not in known:
        raise InvalidCall(
            "unknown-compression",
            f"{style.format} files are not written with {wanted} compression.",
            hint=f"There is {', '.join(known)}.",
        )
    return style.model_copy(update={"compression": wanted})


class Writing(Value):
    """How files are written: the writing half of ``destination.files``."""

    style: WriteStyle
    partition_by: tuple[str, ...] = ()
    files: int | None = None
    only_touched: bool = False
    """No rows then touch no folder, and make no file."""

    def check(self, frame: Frame) -> None:
        """Before anything is computed: names, types and options."""
        kind = file_kind(style_of(self.style).format)
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
        folders = self._partition_names(frame)
        kind.check(_arrow(frame.drop(*folders) if folders else frame))

    def write(self, frame: Frame, staged: StagedFiles, run: Run) -> list[StagedFile]:
        """Computes the frame once; a frame without rows still gives one file with its columns."""
        sink = Sink(
            staged.store,
            staged.staging,
            run.id,
            style_of(self.style),
            Counter.at(run.scratch / f"write-{os.urandom(4).hex()}"),
            self._partition_names(frame),
        )
        run.watch(sink.counter.value, direction="in")
        write_frame(spread(frame, run.engine, self.files, sink.partition_by), sink)
        files = sink.written()
        run.counted(rows_in=sum(each.rows for each in files))
        return files or ([] if self.only_touched else [sink.empty(_arrow(frame))])

    def _partition_names(self, frame: Frame) -> tuple[str, ...]:
        """The partition columns as the frame spells them."""
        spelled = {name.casefold(): name for name in frame.columns}
        return tuple(spelled.get(name.casefold(), name) for name in self.partition_by)


def _arrow(frame: Frame):  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.schema([(f.name, arrow_type(f.dataType.simpleString())) for f in frame.schema])
