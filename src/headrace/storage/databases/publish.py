"""Rows that become visible in one transaction, together with the batch's row in the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import replace

from headrace.core import Frame, Json, Output, Run, Staged
from headrace.storage.counting import Counter
from headrace.storage.datasource import spread, write_frame

from .creating import matched, prepare_table
from .dialect import DbColumn, Dialect, dialect_of
from .ledger import Ledger
from .merging import Merge
from .session import Session, opened, patiently
from .waiting import WaitingTable
from .waiting_files import WaitingFiles
from .wanted import Wanted

__all__ = ["StagedRows"]

AGAIN = 2
"""How often a publication is begun again after its connection was lost."""


class StagedRows(Staged):
    """Rows in waiting. ``publish`` and ``undo`` may be repeated, by another process, after any crash."""

    def __init__(
        self,
        dialect: Dialect,
        wanted: Wanted,
        connection: str,
        batch: str,
        stage: str,
        moment: str,
        place: str | None,
    ) -> None:
        self._dialect = dialect
        self.wanted = wanted
        self._connection = connection
        self._batch = batch
        self._stage = stage
        self._moment = moment
        self._place = place
        token = hashlib.sha256(f"{batch} {wanted.name}".encode()).hexdigest()[:16]
        kind = WaitingTable if dialect.staged_in_table else WaitingFiles
        self.waiting: WaitingTable | WaitingFiles = kind(dialect, place, token, wanted.incoming)
        self._ledger = Ledger(dialect, wanted.schema)

    @classmethod
    def begin(cls, connection: str, wanted: Wanted, run: Run) -> StagedRows:
        """An empty waiting place, after everything about the table that can be checked without rows."""
        wanted.check()
        dialect = dialect_of(run.connection(connection), run.folder)
        with opened(dialect, "write" if dialect.staged_in_table else "look") as session:
            found = dialect.existing(session, wanted.name)
            if found is not None:
                matched(found, wanted)
            elif not wanted.create:
                prepare_table(session, dialect, wanted)
            known = wanted.schema is None or dialect.has_schema(session, wanted.schema)
            identity = f"{run.project}/{run.id}-{run.batch}-{run.stage}"
            begun = cls(
                dialect,
                replace(wanted, existed=found is not None),
                connection,
                identity,
                run.stage,
                dt.datetime.now(dt.UTC).isoformat(sep=" "),
                (wanted.schema if known else None) if dialect.staged_in_table else str(run.scratch),
            )
            begun.note(run)
            begun.waiting.begin(session)
            session.commit()
        return begun

    def fill(self, frame: Frame, run: Run, writers: int | None) -> StagedRows:
        """Computes the frame once, into waiting."""
        counter = Counter.at(run.scratch / f"write-{os.urandom(4).hex()}")
        run.watch(counter.value, direction="in")
        write_frame(spread(frame, run.engine, writers), self.waiting.target(counter, run.stage))
        return self

    def intent(self) -> dict[str, Json]:
        """The connection's name, the table and what is wanted of it."""
        return {
            "connection": self._connection,
            "wanted": self.wanted.to_json(),
            "batch": self._batch,
            "stage": self._stage,
            "moment": self._moment,
            "place": self._place,
        }

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> StagedRows:
        """From the journal; the connection is asked of ``run``."""
        dialect = dialect_of(run.connection(intent["connection"]), run.folder)
        return cls(dialect, **{**intent, "wanted": Wanted.from_json(intent["wanted"])})

    def publish(self) -> Output:
        """One transaction: ledger, table, rows. Begun again when the connection is lost on the way."""
        return self._output(patiently(self._publish, AGAIN))

    def _publish(self) -> int:
        with opened(self._dialect, "write") as session:
            guard = self._dialect.guard(self._ledger.table)
            if guard:
                session.rows(guard)
            rows = self._ledger.find(session, self._batch)
            if rows is None:
                rows = self._bring(session)
            self.waiting.drop(session)
            session.commit()
        return rows

    def _bring(self, session: Session) -> int:
        source, rows = self.waiting.source(session)
        columns = prepare_table(session, self._dialect, self.wanted)
        self._ledger.create(session)
        self._ledger.enter(session, self._batch, str(self.wanted.name), self.wanted.mode, rows)
        at = DbColumn("moment", "timestamp", self._dialect.native("timestamp"))
        moment = self._dialect.from_text(self._moment, at)
        merge = Merge(self._dialect, self.wanted, columns, source, moment)
        merge.check(session)
        for statement in merge.statements():
            session.run(statement)
        return rows

    def _output(self, rows: int) -> Output:
        return Output(
            stage=self._stage,
            kind="table",
            location=self._dialect.place,
            format=self._dialect.title,
            rows=rows,
            table=str(self.wanted.name),
        )

    def undo(self) -> None:
        """Takes the waiting rows away. A transaction that was committed stays: there is no way back."""
        with opened(self._dialect, "write" if self._dialect.staged_in_table else "look") as session:
            if self._ledger.find(session, self._batch) is not None:
                logging.getLogger(__name__).warning(
                    "batch %s stays in %s: its transaction had been committed", self._batch, self.wanted.name
                )
            self.waiting.drop(session)
            session.commit()
