"""How staged rows go into a table, mode by mode: statements of one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headrace.core import DataRefused

from .dialect import DbColumn, Dialect
from .names import quoted
from .session import Session
from .wanted import Wanted

__all__ = ["Merge"]


@dataclass(frozen=True)
class Merge:
    """``source`` is what was staged, as ``FROM`` takes it; ``moment`` is that of the batch."""

    dialect: Dialect
    wanted: Wanted
    columns: tuple[DbColumn, ...]
    source: str
    moment: str

    def check(self, session: Session) -> None:
        """Raises ``DataRefused`` (``null-key``, ``duplicate-keys``): no result depends on an order."""
        if not self.wanted.by_keys:
            return
        keys = self._names(self.wanted.keys)
        nulls = " OR ".join(f"{key} IS NULL" for key in keys)
        count = session.rows(f"SELECT COUNT(*) FROM {self.source} AS s WHERE {nulls}")[0][0]
        if count:
            raise DataRefused(
                "null-key",
                f"{count} rows have no value in {', '.join(self.wanted.keys)}.",
                hint="Remove them with processor.filter, or choose other keys.",
            )
        if self.wanted.mode == "delete":
            return
        listed = ", ".join(keys)
        twice = f"SELECT {listed} FROM {self._latest()} AS s GROUP BY {listed} HAVING COUNT(*) > 1"
        found = session.rows(
            f"SELECT {listed}, (SELECT COUNT(*) FROM ({twice}) AS n) FROM ({twice}) AS d LIMIT 1"
        )
        if found:
            *example, how_many = found[0]
            shown = ", ".join(
                f"{name} = {value}" for name, value in zip(self.wanted.keys, example, strict=True)
            )
            raise DataRefused(
                "duplicate-keys",
                f"{how_many} keys come more than once, {shown} among them.",
                hint="Keep one row of each with processor.deduplicate, or say in `latest_by` which is the "
                "latest.",
            )

    def statements(self) -> Iterator[str]:
        """What is done, in order."""
        table = self.dialect.qualified(self.wanted.name)
        lock = self.dialect.lock(table)
        if lock and self.wanted.mode != "append":
            yield lock
        match self.wanted.mode:
            case "append":
                yield self._insert(self.source)
            case "overwrite":
                yield f"DELETE FROM {table}"
                yield self._insert(self.source)
            case "delete":
                yield self.dialect.delete_matching(table, self.source, self._same())
            case "upsert" | "scd1":
                yield from self._update_and_insert(table)
            case "scd2":
                yield from self._close_and_insert(table)

    def _update_and_insert(self, table: str) -> Iterator[str]:
        source = self._latest()
        pairs = {self._column(name).name: self._value(name) for name in self._others()}
        if pairs:
            where = self._same()
            if self.wanted.mode == "scd1":
                where = f"{where} AND ({self._changed()})"
            yield self.dialect.update_from(table, source, pairs, where)
        yield self._insert(source, f"NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {self._same()})")

    def _close_and_insert(self, table: str) -> Iterator[str]:
        """A version that has changed ends where the new one begins."""
        source = self._latest()
        current = f"t.{quoted(self.wanted.current)}"
        same = f"{self._same()} AND {current}"
        if self._others():
            ends = {self.wanted.valid_to: self.moment, self.wanted.current: "FALSE"}
            yield self.dialect.update_from(table, source, ends, f"{same} AND ({self._changed()})")
        yield self._insert(source, f"NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})")

    def _insert(self, source: str, where: str | None = None) -> str:
        into = [self._column(name).name for name, _ in self.wanted.columns]
        values = [self._value(name) for name, _ in self.wanted.columns]
        if self.wanted.mode == "scd2":
            into += [name for name, _ in self.wanted.history]
            values += [self.moment, "NULL", "TRUE"]
        condition = f" WHERE {where}" if where else ""
        return (
            f"INSERT INTO {self.dialect.qualified(self.wanted.name)} ({', '.join(map(quoted, into))}) "
            f"SELECT {', '.join(values)} FROM {source} AS s{condition}"
        )

    def _latest(self) -> str:
        """One row per key where ``latest_by`` tells which."""
        if self.wanted.latest_by is None:
            return self.source
        keys = ", ".join(self._names(self.wanted.keys))
        order = f"{quoted(self.wanted.latest_by)} DESC"
        names = ", ".join(self._names(name for name, _ in self.wanted.columns))
        ranked = (
            f"SELECT {names}, RANK() OVER (PARTITION BY {keys} "
            f"ORDER BY {quoted(self.wanted.latest_by)} IS NULL, {order}) AS {quoted('_headrace_rank')} "
            f"FROM {self.source} AS r"
        )
        return f"(SELECT {names} FROM ({ranked}) AS k WHERE {quoted('_headrace_rank')} = 1)"

    def _names(self, names: Iterable[str]) -> list[str]:
        return [quoted(name) for name in names]

    def _others(self) -> list[str]:
        keys = {name.casefold() for name in self.wanted.keys}
        return [name for name, _ in self.wanted.columns if name.casefold() not in keys]

    def _column(self, name: str) -> DbColumn:
        alike = [each for each in self.columns if each.name.casefold() == name.casefold()]
        return next((each for each in alike if each.name == name), alike[0])

    def _value(self, name: str) -> str:
        kind = dict(self.wanted.columns)[name]
        return self.dialect.assigned(f"s.{quoted(name)}", kind, self._column(name))

    def _same(self) -> str:
        return " AND ".join(
            f"t.{quoted(self._column(key).name)} = {self._value(key)}" for key in self.wanted.keys
        )

    def _changed(self) -> str:
        columns = [(self._column(name), self._value(name)) for name in self._others()]
        differing = [self.dialect.differs(f"t.{quoted(each.name)}", value, each) for each, value in columns]
        return " OR ".join(differing) or "FALSE"
