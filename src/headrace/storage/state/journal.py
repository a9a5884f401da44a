"""The publish journal: what a batch is about to make visible, written down before the first of it is.

Whoever finds an open entry of a dead run can finish it or undo it. Offsets are claimed with the intent and
move in the same transaction that closes it, so that a batch is published and read past, or neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, true, update

from headrace.core import InvalidCall, Json

from .database import Scope
from .offsets import claim_offset, move_offset, release_offsets
from .records import OffsetChange, Publish, PublishEntry, PublishStatus
from .tables import PUBLISH_ENTRIES, PUBLISH_OFFSETS, PUBLISHES

__all__ = ["Journal"]


class Journal:
    """Publish intents: intended → published, entry by entry → done, or undone."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def intend(
        self,
        run_id: str,
        batch: str,
        *,
        pipeline: str,
        entries: Sequence[PublishEntry],
        offsets: Sequence[OffsetChange] = (),
    ) -> Publish:
        """Writes the intent and claims the offsets. Raises ``offset-moved`` before anything is visible.

        A batch whose earlier intent was undone may intend again.
        """
        key = self._scope.key | {"run_id": run_id, "batch": batch}
        now = dt.datetime.now(dt.UTC)
        with self._scope.database.write() as connection:
            self._clear_undone(connection, run_id, batch)
            head = {"pipeline": pipeline, "status": "intended", "intended": now, "changed": now}
            connection.execute(insert(PUBLISHES).values(**key, **head))
            for position, entry in enumerate(entries):
                connection.execute(insert(PUBLISH_ENTRIES).values(**key, **_entry_row(position, entry)))
            for each in offsets:
                claim_offset(connection, self._scope, pipeline, each, run_id, batch)
                values = {"stage": each.stage, "value": each.value, "expected": each.expected}
                connection.execute(insert(PUBLISH_OFFSETS).values(**key, **values))
            return self._get(connection, run_id, batch)

    def published(
        self, run_id: str, batch: str, position: int, output: Mapping[str, Json] | None = None
    ) -> Publish:
        """Marks one entry as visible, with what it made; safe to repeat."""
        with self._scope.database.write() as connection:
            self._require(connection, run_id, batch, ("intended", "published"))
            mine = self._scope.of(PUBLISH_ENTRIES, run_id=run_id, batch=batch, position=position)
            made = dict(output) if output is not None else None
            values = {"status": "published", "output": made}
            connection.execute(update(PUBLISH_ENTRIES).where(mine).values(**values))
            found = self._get(connection, run_id, batch)
            if all(entry.status == "published" for entry in found.entries):
                self._set(connection, run_id, batch, "published")
            return self._get(connection, run_id, batch)

    def done(self, run_id: str, batch: str) -> None:
        """Closes a batch of which everything is visible, and moves its offsets; safe to repeat."""
        with self._scope.database.write() as connection:
            found = self._require(connection, run_id, batch, ("intended", "published", "done"))
            waiting = [entry.stage for entry in found.entries if entry.status != "published"]
            if waiting:
                raise _wrong(found, f"{len(waiting)} of its entries are not published: {', '.join(waiting)}")
            if found.status != "done":
                for change in found.offsets:
                    move_offset(connection, self._scope, found.pipeline, change, run_id, batch)
                self._set(connection, run_id, batch, "done")

    def undone(self, run_id: str, batch: str) -> None:
        """Closes a batch of which nothing is visible any more, and frees its offsets; safe to repeat."""
        with self._scope.database.write() as connection:
            self._require(connection, run_id, batch, ("intended", "published", "undone"))
            mine = self._scope.of(PUBLISH_ENTRIES, run_id=run_id, batch=batch)
            connection.execute(update(PUBLISH_ENTRIES).where(mine).values(status="undone"))
            self._set(connection, run_id, batch, "undone")
            release_offsets(connection, self._scope, run_id, batch)

    def _batches(self, run_id: str | None, which: ColumnElement[bool]) -> list[Publish]:
        wanted = self._scope.of(PUBLISHES, **({"run_id": run_id} if run_id is not None else {})) & which
        query = select(PUBLISHES.c.run_id, PUBLISHES.c.batch).where(wanted).order_by(PUBLISHES.c.intended)
        with self._scope.database.read() as connection:
            return [self._get(connection, *row) for row in connection.execute(query).all()]

    def open(self, run_id: str | None = None) -> list[Publish]:
        """Batches that are neither done nor undone, the oldest first."""
        return self._batches(run_id, PUBLISHES.c.status.in_(("intended", "published")))

    def list(self, run_id: str | None = None) -> list[Publish]:
        """Every batch, the oldest first."""
        return self._batches(run_id, true())

    def forget(self, run_id: str, keep: int) -> None:
        """Removes batches of a run that are closed, but for the last ones."""
        mine = self._scope.of(PUBLISHES, run_id=run_id)
        with self._scope.database.write() as connection:
            closed = select(PUBLISHES.c.batch).where(mine, PUBLISHES.c.status.in_(("done", "undone")))
            older = closed.order_by(PUBLISHES.c.batch.desc()).offset(keep)
            for (batch,) in connection.execute(older).all():
                for table in (PUBLISH_ENTRIES, PUBLISH_OFFSETS, PUBLISHES):
                    key = self._scope.of(table, run_id=run_id, batch=batch)
                    connection.execute(delete(table).where(key))

    def get(self, run_id: str, batch: str) -> Publish | None:
        """One batch; ``None``: it never came to an intent."""
        with self._scope.database.read() as connection:
            return self._find(connection, run_id, batch)

    def _clear_undone(self, connection: Connection, run_id: str, batch: str) -> None:
        found = self._find(connection, run_id, batch)
        if found is None:
            return
        if found.status != "undone":
            raise _wrong(found, "it has been journaled already")
        connection.execute(delete(PUBLISHES).where(self._scope.of(PUBLISHES, run_id=run_id, batch=batch)))

    def _set(self, connection: Connection, run_id: str, batch: str, status: PublishStatus) -> None:
        mine = self._scope.of(PUBLISHES, run_id=run_id, batch=batch)
        values = {"status": status, "changed": dt.datetime.now(dt.UTC)}
        connection.execute(update(PUBLISHES).where(mine).values(**values))

    def _require(
        self, connection: Connection, run_id: str, batch: str, allowed: tuple[PublishStatus, ...]
    ) -> Publish:
        found = self._get(connection, run_id, batch)
        if found.status not in allowed:
            raise _wrong(found, f"it is {found.status}")
        return found

    def _get(self, connection: Connection, run_id: str, batch: str) -> Publish:
        found = self._find(connection, run_id, batch)
        if found is None:
            raise InvalidCall("publish-out-of-order", f"Batch '{batch}' of run '{run_id}' has no intent.")
        return found

    def _find(self, connection: Connection, run_id: str, batch: str) -> Publish | None:
        key = {"run_id": run_id, "batch": batch}
        head = connection.execute(select(PUBLISHES).where(self._scope.of(PUBLISHES, **key))).one_or_none()
        if head is None:
            return None
        entries = select(PUBLISH_ENTRIES).where(self._scope.of(PUBLISH_ENTRIES, **key))
        offsets = select(PUBLISH_OFFSETS).where(self._scope.of(PUBLISH_OFFSETS, **key))
        return Publish(
            run_id,
            batch,
            head.pipeline,
            head.status,
            head.intended,
            head.changed,
            tuple(map(_entry, connection.execute(entries.order_by(PUBLISH_ENTRIES.c.position)))),
            tuple(OffsetChange(row.stage, row.value, row.expected) for row in connection.execute(offsets)),
        )


def _entry_row(position: int, entry: PublishEntry) -> dict[str, Any]:
    return {
        "position": position,
        "stage": entry.stage,
        "kind": entry.kind,
        "intent": entry.intent,
        "phase": entry.phase,
        "status": "intended",
    }


def _entry(row: Any) -> PublishEntry:
    return PublishEntry(row.stage, row.kind, row.intent, row.phase, row.status, row.output)


def _wrong(found: Publish, why: str) -> InvalidCall:
    return InvalidCall("publish-out-of-order", f"Batch '{found.batch}' of run '{found.run_id}': {why}.")
