"""Names of tables as people write them: ``orders``, ``sales.orders``, ``sales."Order lines"``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headrace.core import InvalidCall

__all__ = ["TableName", "quoted", "text_literal"]

PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^".]+?))\s*(\.|$)')


@dataclass(frozen=True, slots=True)
class TableName:
    """A table and the schema that it is in; ``None``: the connection's own."""

    name: str
    schema: str | None = None

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Parts between dots; one with dots or spaces at its ends stands in double quotes.

        Raises ``InvalidCall`` (``bad-table-name``).
        """
        parts: list[str] = []
        at = 0
        while at < len(text) or not parts:
            found = PART.match(text, at)
            if found is None or len(parts) == 2:
                raise InvalidCall(
                    "bad-table-name",
                    f"'{text}' names no table.",
                    hint='Write `table`, `schema.table`, or `schema."a name with dots."`.',
                )
            parts.append(found[1].replace('""', '"') if found[1] else found[2])
            at = found.end() + (1 if found[3] and found.end() == len(text) else 0)
        return cls(parts[-1], parts[0] if len(parts) == 2 else None)

    def __str__(self) -> str:
        return ".".join(map(_shown, filter(None, (self.schema, self.name))))


def _shown(part: str) -> str:
    return quoted(part) if re.search(r'[".]|^\s|\s$', part) else part


def quoted(name: str) -> str:
    """An identifier in SQL: whatever is in it, it stays a name."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text in standard SQL: whatever is in it, it stays a text."""
    return "'" + text.replace("'", "''") + "'"
