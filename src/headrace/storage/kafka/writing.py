"""From a frame to a spool of messages, counted."""

from __future__ import annotations

import os

from headrace.core import Frame, Run, Schema
from headrace.storage.counting import Counter
from headrace.storage.datasource import spread, write_frame

from .encoding import Encoding
from .publish import Sending, StagedMessages
from .spool import Spool

__all__ = ["stage_messages"]


def stage_messages(frame: Frame, sending: Sending, encoding: Encoding, run: Run) -> StagedMessages:
    """Computes the frame once, into messages that nobody sees before they are published."""
    schema = Schema.of((field.name, field.dataType.simpleString()) for field in frame.schema)
    encoding.check(schema)
    staged = StagedMessages.begin(sending, encoding.avro(schema), run)
    counter = Counter.at(run.scratch / f"write-{os.urandom(4).hex()}")
    spool = Spool(staged.folder, encoding, counter, run.stage)
    run.watch(counter.value, direction="in")
    write_frame(spread(frame, run.engine), spool)
    rows = counter.value() or 0
    run.counted(rows_in=rows)
    return staged.holding(spool.files(), rows)
