"""Offsets that a person moves: set, reset, and taken back as long as no run has gone on from there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headrace.core import InvalidCall, Json

from .database import Scope
from .records import Offset
from .tables import OFFSET_EDITS, OFFSETS

__all__ = ["OffsetEdits"]


class OffsetEdits:
    """Every edit moves the version on, so that a batch read from before it cannot commit."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def move(self, pipeline: str, stage: str, value: Json) -> Offset:
        """Sets an offset; ``None`` is the start. Raises ``offset-in-use`` during a publication."""
        with self._scope.database.write() as connection:
            row = self._free_row(connection, pipeline, stage)
            before = row.value if row is not None else None
            version = (row.version if row is not None else 0) + 1
            self._write(connection, pipeline, stage, value, version)
            edit = {"version": version, "before": before, "after": value, "at": dt.datetime.now(dt.UTC)}
            key = self._scope.key | {"pipeline": pipeline, "stage": stage}
            connection.execute(insert(OFFSET_EDITS).values(**key, **edit))
        return Offset(pipeline, stage, value, version)

    def undo(self, pipeline: str, stage: str) -> Offset:
        """Puts back what the last edit replaced.

        Raises ``InvalidCall``: ``nothing-to-undo``, or ``offset-moved-since``: a run went on from it.
        """
        mine = self._scope.of(OFFSET_EDITS, pipeline=pipeline, stage=stage)
        with self._scope.database.write() as connection:
            query = select(OFFSET_EDITS).where(mine).order_by(OFFSET_EDITS.c.version.desc()).limit(1)
            edit = connection.execute(query).one_or_none()
            if edit is None:
                raise InvalidCall("nothing-to-undo", f"The offset of '{stage}' has not been edited.")
            row = self._free_row(connection, pipeline, stage)
            if row is None or row.run_id is not None:
                raise InvalidCall(
                    "offset-moved-since",
                    f"Run '{row.run_id if row else '?'}' has gone on from the offset of '{stage}'.",
                    hint="`headrace offsets show` has the offset of now; `headrace offsets set` moves it.",
                )
            self._write(connection, pipeline, stage, edit.before, row.version + 1)
            connection.execute(delete(OFFSET_EDITS).where(mine, OFFSET_EDITS.c.version == edit.version))
        return Offset(pipeline, stage, edit.before, row.version + 1)

    def edited(self, pipeline: str) -> set[str]:
        """The stages whose last edit is there to be undone."""
        mine = self._scope.of(OFFSET_EDITS, pipeline=pipeline)
        with self._scope.database.read() as connection:
            return set(connection.execute(select(OFFSET_EDITS.c.stage).where(mine)).scalars())

    def _free_row(self, connection: Connection, pipeline: str, stage: str) -> Any:
        mine = self._scope.of(OFFSETS, pipeline=pipeline, stage=stage)
        row = connection.execute(select(OFFSETS).where(mine).with_for_update()).one_or_none()
        if row is not None and row.claim_run is not None:
            raise InvalidCall(
                "offset-in-use",
                f"Run '{row.claim_run}' is publishing a batch that moves the offset of '{stage}'.",
                hint="Wait for it to end, or stop it with `headrace runs cancel`.",
            )
        return row

    def _write(self, connection: Connection, pipeline: str, stage: str, value: Json, version: int) -> None:
        mine = self._scope.of(OFFSETS, pipeline=pipeline, stage=stage)
        values = {"value": value, "version": version, "run_id": None, "committed": dt.datetime.now(dt.UTC)}
        if connection.execute(update(OFFSETS).where(mine).values(**values)).rowcount:
            return
        key = self._scope.key | {"pipeline": pipeline, "stage": stage}
        connection.execute(insert(OFFSETS).values(**key, **values))
