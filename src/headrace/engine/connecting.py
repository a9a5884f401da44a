"""Sessions over Spark Connect, to the embedded engine or to a server elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .client import QUIET_FORKS, import_client
from .surroundings import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

__all__ = ["connect"]


def connect(address: str, requested: Callable[[Any], None]) -> SparkSession:
    """A new session; ``requested`` hears of every action before it is sent."""
    with environment(QUIET_FORKS):
        import_client()
        from pyspark.sql.connect.session import SparkSession

        class Requests(SparkSession.Hook):  # type: ignore[misc]
            def on_execute_plan(self, request: Any) -> Any:
                requested(request)
                return request

        builder = SparkSession.builder.remote(address)
        builder._registerHook(lambda _: Requests())
        session: SparkSession = builder.create()
        return session
