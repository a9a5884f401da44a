"""A SQL query over frames, without leaving anything behind in the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .columns import quoted, spare_names

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from headrace.core import Frame

__all__ = ["queried"]


def queried(session: SparkSession, query: str, frames: Mapping[str, Frame]) -> Frame:
    """``query`` over ``frames``, each a table of its name.

    The tables are part of the query's own plan: no view is registered, so that two queries never see each
    other's tables and nothing has to be removed. As it stands inside parentheses, only a query is possible.
    """
    spare = dict(zip(spare_names(len(frames), "input"), frames.items(), strict=True))
    tables = ",\n".join(_table(name, key) for key, (name, _) in spare.items())
    body = _escaped(query.strip().rstrip(";"))
    text = f"WITH {tables}\nSELECT * FROM (\n{body}\n)"
    return session.sql(text, **{key: frame for key, (_, frame) in spare.items()})


def _table(name: str, key: str) -> str:
    return f"{_escaped(quoted(name))} AS (SELECT * FROM {{{key}}})"  # noqa: S608 — quoted


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
