"""The promotion log: every decision about every model, appended and never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import desc, insert, select

from headrace.core import Json

from .database import Scope
from .records import Decision, Promotion, PromotionKind
from .tables import PROMOTIONS

__all__ = ["Promotions"]


class Promotions:
    """Decisions in the order in which they were made; there is no way to change or remove one."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def append(
        self,
        identity: str,
        *,
        kind: PromotionKind,
        model: str,
        version: int,
        decision: Decision,
        previous: int | None,
        reason: str,
        condition: str | None = None,
        inputs: Mapping[str, Json] | None = None,
        actor: str | None = None,
        run_id: str | None = None,
    ) -> Promotion:
        """Writes a decision down. The same ``identity`` (run and stage, say) is written once."""
        row = {
            "identity": identity,
            "kind": kind,
            "model": model,
            "version": version,
            "decision": decision,
            "previous": previous,
            "condition": condition,
            "inputs": dict(inputs or {}),
            "reason": reason,
            "actor": actor,
            "run_id": run_id,
            "at": dt.datetime.now(dt.UTC),
        }
        mine = select(PROMOTIONS).where(self._scope.of(PROMOTIONS, identity=identity))
        with self._scope.database.write() as connection:
            if connection.execute(mine).first() is None:
                connection.execute(insert(PROMOTIONS).values(**self._scope.key, **row))
            return _promotion(connection.execute(mine).one())

    def history(self, model: str | None = None, *, limit: int | None = None) -> list[Promotion]:
        """Decisions about one model, or all, the latest first."""
        where = self._scope.of(PROMOTIONS, **({"model": model} if model is not None else {}))
        query = select(PROMOTIONS).where(where).order_by(desc(PROMOTIONS.c.number)).limit(limit)
        with self._scope.database.read() as connection:
            return [_promotion(row) for row in connection.execute(query)]


def _promotion(row: Any) -> Promotion:
    left_out = ("project", "environment", "identity")
    return Promotion(**{name: value for name, value in row._mapping.items() if name not in left_out})
