"""Offsets: how far each stage has read. A change succeeds only on the version that was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from headrace.core import Json, RunFailed

from .database import Scope
from .records import Offset, OffsetChange
from .tables import OFFSETS

__all__ = ["Offsets", "claim_offset", "move_offset", "release_offsets"]


class Offsets:
    """The committed offsets of one project and environment."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, pipeline: str, stage: str) -> Offset:
        """The committed offset; version 0 and no value when there is none yet."""
        found = [each for each in self.list(pipeline) if each.stage == stage]
        return found[0] if found else Offset(pipeline, stage, None, 0)

    def list(self, pipeline: str | None = None) -> list[Offset]:
        """Every committed offset, by pipeline and stage."""
        c = OFFSETS.c
        where = self._scope.of(OFFSETS, **({"pipeline": pipeline} if pipeline is not None else {}))
        query = select(c.pipeline, c.stage, c.value, c.version, c.run_id, c.committed)
        with self._scope.database.read() as connection:
            rows = connection.execute(query.where(where, c.version > 0).order_by(c.pipeline, c.stage))
            return [Offset(*row) for row in rows]

    def commit(self, pipeline: str, changes: Sequence[OffsetChange], *, run_id: str) -> None:
        """Moves offsets, all or none. Raises ``RunFailed`` (``offset-moved``) when one is elsewhere."""
        with self._scope.database.write() as connection:
            for change in changes:
                move_offset(connection, self._scope, pipeline, change, run_id, None)

    def reset(self, pipeline: str, stage: str | None = None) -> int:
        """Forgets offsets, so that the next run reads from the start; gives how many there were."""
        where = self._scope.of(OFFSETS, pipeline=pipeline, **({"stage": stage} if stage is not None else {}))
        with self._scope.database.write() as connection:
            return int(
                connection.execute(delete(OFFSETS).where(where, OFFSETS.c.claim_run.is_(None))).rowcount
            )


def claim_offset(
    connection: Connection, scope: Scope, pipeline: str, change: OffsetChange, run_id: str, batch: str
) -> None:
    """Keeps other batches from moving an offset while this one publishes what it read from there."""
    claim = {"claim_run": run_id, "claim_batch": batch}
    _swap(connection, scope, pipeline, change, claim | {"version": change.expected}, (run_id, batch))


def move_offset(
    connection: Connection,
    scope: Scope,
    pipeline: str,
    change: OffsetChange,
    run_id: str,
    batch: str | None,
) -> None:
    """Moves one offset and drops its claim; moving it again with the same value by the same run is fine."""
    row = _row(connection, scope, pipeline, change.stage)
    if row is not None and _is_done(row, change, run_id):
        return
    values = {
        "version": change.expected + 1,
        "value": change.value,
        "run_id": run_id,
        "committed": dt.datetime.now(dt.UTC),
        "claim_run": None,
        "claim_batch": None,
    }
    _swap(connection, scope, pipeline, change, values, (run_id, batch))


def release_offsets(connection: Connection, scope: Scope, run_id: str, batch: str) -> None:
    """Drops the claims of a batch that was undone."""
    mine = scope.of(OFFSETS, claim_run=run_id, claim_batch=batch)
    connection.execute(update(OFFSETS).where(mine).values(claim_run=None, claim_batch=None))


def _swap(
    connection: Connection,
    scope: Scope,
    pipeline: str,
    change: OffsetChange,
    values: dict[str, Any],
    owner: tuple[str, str | None],
) -> None:
    key = {"pipeline": pipeline, "stage": change.stage}
    free = OFFSETS.c.claim_run.is_(None)
    mine = and_(OFFSETS.c.claim_run == owner[0], OFFSETS.c.claim_batch == owner[1])
    where = and_(scope.of(OFFSETS, **key, version=change.expected), or_(free, mine))
    if connection.execute(update(OFFSETS).where(where).values(**values)).rowcount:
        return
    row = _row(connection, scope, pipeline, change.stage)
    if row is None and change.expected == 0:
        connection.execute(insert(OFFSETS).values(**scope.key, **key, **values))
        return
    raise _moved(pipeline, change, row)


def _row(connection: Connection, scope: Scope, pipeline: str, stage: str) -> Any:
    query = select(OFFSETS).where(scope.of(OFFSETS, pipeline=pipeline, stage=stage)).with_for_update()
    return connection.execute(query).one_or_none()


def _is_done(row: Any, change: OffsetChange, run_id: str) -> bool:
    same: Json = (row.version, row.run_id, row.value) == (change.expected + 1, run_id, change.value)
    return bool(same)


def _moved(pipeline: str, change: OffsetChange, row: Any) -> RunFailed:
    if row is not None and row.claim_run is not None:
        what = f"run '{row.claim_run}' is publishing a batch that starts at the same offset"
    else:
        now = row.version if row is not None else 0
        what = f"it is at version {now}, this batch was read from version {change.expected}"
    return RunFailed(
        "offset-moved",
        f"The offset of stage '{change.stage}' in pipeline '{pipeline}' has moved: {what}.",
        where=change.stage,
        hint="Another run of this pipeline was faster; run again to read on from where it stopped.",
    )
