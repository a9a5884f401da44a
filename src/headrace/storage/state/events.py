"""Events, numbered per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, insert, select

from headrace.core import Event, InvalidCall, Json

from .database import Scope
from .records import EventRecord
from .tables import EVENTS, RUNS

__all__ = ["Events"]


class Events:
    """What happened in runs, in order; whoever watches reads on from the last number seen."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def append(self, run_id: str, events: Sequence[Event | Mapping[str, Json]]) -> int:
        """Stores events, or what they are as JSON, in one transaction; gives the number of the last one."""
        bodies = [event.to_json() if isinstance(event, Event) else dict(event) for event in events]
        with self._scope.database.write() as connection:
            # Locks the run's row where rows can be locked, so that two writers do not take one number.
            run = select(RUNS.c.id).where(self._scope.of(RUNS, id=run_id)).with_for_update()
            if connection.execute(run).scalar() is None:
                raise InvalidCall(
                    "unknown-run", f"No run '{run_id}'.", hint="`headrace runs list` lists them."
                )
            last = select(func.max(EVENTS.c.number)).where(self._scope.of(EVENTS, run_id=run_id))
            number: int = connection.execute(last).scalar() or 0
            rows = [
                self._scope.key | {"run_id": run_id, "number": each, "name": body["event"], "body": body}
                for each, body in enumerate(bodies, number + 1)
            ]
            if rows:
                connection.execute(insert(EVENTS), rows)
            return number + len(rows)

    def forget(self, run_id: str, name: str, keep: int) -> None:
        """Removes a run's events of one name, but for the last ones; their numbers are not used again."""
        mine = self._scope.of(EVENTS, run_id=run_id, name=name)
        with self._scope.database.write() as connection:
            numbers = select(EVENTS.c.number).where(mine).order_by(EVENTS.c.number.desc())
            last: int | None = connection.execute(numbers.offset(keep).limit(1)).scalar()
            if last is not None:
                connection.execute(delete(EVENTS).where(mine, EVENTS.c.number <= last))

    def read(self, run_id: str, *, after: int = 0, limit: int | None = None) -> list[EventRecord]:
        """Events with numbers above ``after``, in order."""
        query = (
            select(EVENTS.c.number, EVENTS.c.name, EVENTS.c.body)
            .where(self._scope.of(EVENTS, run_id=run_id), EVENTS.c.number > after)
            .order_by(EVENTS.c.number)
            .limit(limit)
        )
        with self._scope.database.read() as connection:
            return [EventRecord(*row) for row in connection.execute(query)]
