"""Runs and their attempts: what ran, when, by which process, and how it ended."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Connection, Row, desc, insert, select, update

from headrace.core import InvalidCall, Json, RunFailed, did_you_mean

from .database import Scope
from .encoding import masked
from .process import process_identity
from .records import Attempt, EndState, RunRecord, RunState
from .tables import ATTEMPTS, RUNS

__all__ = ["Runs", "new_run_id"]

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: none is mistaken for another."""
_KEY = ("project", "environment")


def new_run_id(now: dt.datetime | None = None) -> str:
    """``20261123-222210-fqk3mp``: date, time, milliseconds as two letters, four random; sorts by time."""
    now = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    millis = now.microsecond // 1000
    tail = LETTERS[millis // 32] + LETTERS[millis % 32] + "".join(secrets.choice(LETTERS) for _ in range(4))
    return f"{now:%Y%m%d-%H%M%S}-{tail}"


def _own_process() -> dict[str, Any]:
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "process": process_identity(pid)}


class Runs:
    """The history of one project and environment."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def start(
        self,
        run_id: str,
        *,
        pipeline: str,
        document: str,
        document_digest: str,
        parameters: Mapping[str, Json],
        engine: str | None = None,
    ) -> RunRecord:
        """Puts a run of this process on record, with attempt 1. Secrets among ``parameters`` are masked."""
        row = {
            "pipeline": pipeline,
            "document": document,
            "document_digest": document_digest,
            "state": "running",
            "engine": engine,
            "parameters": masked(parameters),
            "started": dt.datetime.now(dt.UTC),
            "attempt": 1,
            **_own_process(),
        }
        with self._scope.database.write() as connection:
            connection.execute(insert(RUNS).values(**self._scope.key, id=run_id, **row))
            self._begin_attempt(connection, run_id, 1, row["started"])
            return self._get(connection, run_id)

    def resume(self, run_id: str) -> RunRecord:
        """The same run again, in this process, as its next attempt."""
        with self._scope.database.write() as connection:
            number = self._get(connection, run_id, lock=True).attempt + 1
            self._end_attempts(connection, run_id, "failed")
            connection.execute(
                update(RUNS)
                .where(self._scope.of(RUNS, id=run_id))
                .values(state="running", ended=None, result=None, attempt=number, **_own_process())
            )
            self._begin_attempt(connection, run_id, number, dt.datetime.now(dt.UTC))
            return self._get(connection, run_id)

    def use_engine(self, run_id: str, engine: str) -> None:
        """Says which engine was chosen."""
        with self._scope.database.write() as connection:
            connection.execute(update(RUNS).where(self._scope.of(RUNS, id=run_id)).values(engine=engine))

    def end(self, run_id: str, attempt: int, state: EndState, result: Mapping[str, Json] | None) -> RunRecord:
        """Closes a run. Raises ``RunFailed`` (``stale-attempt``) when a later attempt has taken it over."""
        with self._scope.database.write() as connection:
            current = self._get(connection, run_id, lock=True)
            if current.attempt != attempt:
                raise RunFailed(
                    "stale-attempt",
                    f"Attempt {attempt} of run '{run_id}' ended after attempt {current.attempt} took over.",
                    hint="Nothing of it was recorded; the later attempt decides.",
                )
            ended = dt.datetime.now(dt.UTC)
            connection.execute(
                update(RUNS)
                .where(self._scope.of(RUNS, id=run_id))
                .values(state=state, ended=ended, result=dict(result) if result is not None else None)
            )
            self._end_attempts(connection, run_id, state)
            return self._get(connection, run_id)

    def get(self, run_id: str) -> RunRecord:
        """The run of that id. Raises ``InvalidCall`` (``unknown-run``)."""
        with self._scope.database.read() as connection:
            return self._get(connection, run_id)

    def find(self, text: str) -> RunRecord:
        """The run that a person means: an id, ``last``, or the beginning or end of exactly one id."""
        if text == "last":
            latest = self.list(limit=1)
            if latest:
                return latest[0]
            raise InvalidCall("unknown-run", "There is no run yet.")
        with self._scope.database.read() as connection:
            ids = connection.execute(select(RUNS.c.id).where(self._scope.of(RUNS))).scalars().all()
        close = [each for each in ids if each.startswith(text) or each.endswith(text)]
        if text in ids or len(close) != 1:
            return self.get(text)
        return self.get(close[0])

    def attempts(self, run_id: str) -> list[Attempt]:
        """Every attempt at a run, the first one first."""
        query = select(ATTEMPTS).where(self._scope.of(ATTEMPTS, run_id=run_id)).order_by(ATTEMPTS.c.number)
        with self._scope.database.read() as connection:
            return [Attempt(**_plain(row)) for row in connection.execute(query)]

    def list(
        self, *, pipeline: str | None = None, state: RunState | None = None, limit: int | None = None
    ) -> list[RunRecord]:
        """Runs, the latest first."""
        given = {"pipeline": pipeline, "state": state}
        wanted = self._scope.of(RUNS, **{name: value for name, value in given.items() if value is not None})
        query = select(RUNS).where(wanted).order_by(desc(RUNS.c.started), desc(RUNS.c.id)).limit(limit)
        with self._scope.database.read() as connection:
            return [_run(row) for row in connection.execute(query)]

    def _begin_attempt(self, connection: Connection, run_id: str, number: int, at: dt.datetime) -> None:
        values = self._scope.key | {"run_id": run_id, "number": number, "state": "running", "started": at}
        connection.execute(insert(ATTEMPTS).values(**values, **_own_process()))

    def _end_attempts(self, connection: Connection, run_id: str, state: EndState) -> None:
        still = self._scope.of(ATTEMPTS, run_id=run_id, state="running")
        connection.execute(update(ATTEMPTS).where(still).values(state=state, ended=dt.datetime.now(dt.UTC)))

    def _get(self, connection: Connection, run_id: str, *, lock: bool = False) -> RunRecord:
        query = select(RUNS).where(self._scope.of(RUNS, id=run_id))
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            known = connection.execute(select(RUNS.c.id).where(self._scope.of(RUNS))).scalars().all()
            hint = did_you_mean(run_id, known) or "`headrace runs list` lists them."
            raise InvalidCall("unknown-run", f"No run '{run_id}'.", hint=hint)
        return _run(row)


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(**_plain(row))


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in cast("Any", row)._mapping.items() if name not in _KEY}
