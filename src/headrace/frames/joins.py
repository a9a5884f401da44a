"""Joining two frames so that no two columns share a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from headrace.core import ColumnType, Names, Schema

from .columns import column, identifiers, schema_of, widest
from .used_columns import folded

if TYPE_CHECKING:
    from pyspark.sql import Column

    from headrace.core import Frame

__all__ = ["JoinKeys", "columns_joined", "joined", "joined_columns"]


@dataclass(frozen=True, slots=True)
class JoinKeys:
    """How two frames meet: the kind, the columns left → right, and what happens to names and nulls."""

    how: str
    on: Mapping[str, str]
    suffix: str = "_right"
    null_safe: bool = False

    @property
    def left_only(self) -> bool:
        """Whether the right side only decides which rows stay."""
        return self.how in ("semi", "anti")

    def merged(self, right: str) -> bool:
        """Whether this right column is a key of the same name as the left's, and so is in the output once."""
        return any(one.casefold() == other.casefold() == right.casefold() for one, other in self.on.items())


def joined_columns(left: Schema, right: Schema, keys: JoinKeys) -> Schema:
    """The columns of the joined frame, in order."""
    if keys.left_only:
        return left
    taken = [_key_type(each, right, keys) for each in left]
    rest = [
        ColumnType(_new_name(each.name, left, keys), each.type)
        for each in right
        if not keys.merged(each.name)
    ]
    return Schema((*taken, *rest))


def columns_joined(
    wanted: Names, inputs: Mapping[str, Schema], keys: JoinKeys, condition: str | None
) -> Mapping[str, Names]:
    """The case-folded columns of ``left`` and ``right`` that a join needs to give the ``wanted`` ones.

    Names that both sides have are needed on both: the right one's new name depends on it.
    """
    left, right = folded(inputs["left"]), folded(inputs["right"])
    named = {each.casefold() for each in identifiers(condition or "")} | (left & right)
    named |= {each.casefold() for pair in keys.on.items() for each in pair}
    return {"left": left & (wanted | named), "right": right & (wanted | named)}


def joined(left: Frame, right: Frame, keys: JoinKeys, condition: str | None) -> Frame:
    """The rows of both; ``condition`` names columns as ``left.x`` and ``right.y``."""
    from pyspark.sql import functions as f

    left_schema, right_schema = schema_of(left), schema_of(right)
    parts = [_equal(one, other, keys.null_safe) for one, other in keys.on.items()]
    if condition:
        parts.append(f.expr(condition))
    one, other = left.alias("left"), right.alias("right")
    both = one.join(other, reduce(lambda a, b: a & b, parts), keys.how) if parts else one.crossJoin(other)
    return both.select(*_selected(left_schema, right_schema, keys))


def _equal(left: str, right: str, null_safe: bool) -> Column:
    one, other = column(left, "left"), column(right, "right")
    return one.eqNullSafe(other) if null_safe else one == other


def _selected(left: Schema, right: Schema, keys: JoinKeys) -> list[Column]:
    if keys.left_only:
        return [column(each.name, "left").alias(each.name) for each in left]
    found = [_key_value(each, right, keys).alias(each.name) for each in left]
    others = [each.name for each in right if not keys.merged(each.name)]
    return found + [column(name, "right").alias(_new_name(name, left, keys)) for name in others]


def _key_value(left: ColumnType, right: Schema, keys: JoinKeys) -> Column:
    """A shared key has the value of the side that has the row."""
    from pyspark.sql import functions as f

    own = column(left.name, "left")
    partner = right.get(left.name)
    if partner is None or not keys.merged(left.name) or keys.how not in ("right", "full"):
        return own
    kind = _key_type(left, right, keys).type
    other = column(partner.name, "right").cast(kind)
    return other if keys.how == "right" else f.coalesce(own.cast(kind), other)


def _key_type(left: ColumnType, right: Schema, keys: JoinKeys) -> ColumnType:
    partner = right.get(left.name)
    if partner is None or not keys.merged(left.name) or keys.how not in ("right", "full"):
        return left
    if keys.how == "right":
        return ColumnType(left.name, partner.type)
    return ColumnType(left.name, widest(left.type, partner.type) or left.type)


def _new_name(name: str, left: Schema, keys: JoinKeys) -> str:
    return name + keys.suffix if left.get(name) else name
