"""Requests to stop a run, for whichever process runs it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, insert, select

from .database import Scope
from .records import CancelRequest
from .tables import CANCELS, RUNS

__all__ = ["Cancels"]


class Cancels:
    """At most one request per run: the first one counts."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def request(self, run_id: str, *, actor: str | None = None, reason: str | None = None) -> bool:
        """Asks a run to stop; False when it is not running, so that there is nothing to stop."""
        with self._scope.database.write() as connection:
            run = select(RUNS.c.state).where(self._scope.of(RUNS, id=run_id))
            if connection.execute(run).scalar() != "running":
                return False
            asked = select(CANCELS.c.run_id).where(self._scope.of(CANCELS, run_id=run_id))
            if connection.execute(asked).first() is None:
                values = {"requested": dt.datetime.now(dt.UTC), "actor": actor, "reason": reason}
                connection.execute(insert(CANCELS).values(**self._scope.key, run_id=run_id, **values))
            return True

    def get(self, run_id: str) -> CancelRequest | None:
        """The request to stop this run, if there is one."""
        c = CANCELS.c
        query = select(c.run_id, c.requested, c.actor, c.reason).where(self._scope.of(CANCELS, run_id=run_id))
        with self._scope.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return CancelRequest(*row) if row is not None else None

    def clear(self, run_id: str) -> None:
        """Forgets the request: the run is resumed."""
        with self._scope.database.write() as connection:
            connection.execute(delete(CANCELS).where(self._scope.of(CANCELS, run_id=run_id)))
