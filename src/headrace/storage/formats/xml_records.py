"""Rows of XML: found by their tag in the text, each parsed for itself.

Only what is inside the rows is ever parsed. A document type with entities stands before them, so that none
can be declared: there is nothing to expand, and nothing to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from .typed_text import VALUE, text_type

__all__ = ["NAME", "columns_of_records", "last_record_end", "parse_record", "parse_records", "record_spans"]

NAME = "headrace:name"
"""An attribute with the name of a column that no element can be called."""
NIL = "xsi:nil"


@lru_cache(maxsize=16)
def _tokens(tag: str) -> re.Pattern[bytes]:
    name = re.escape(tag.encode())
    value = rb"(?:\"[^\"]*\"|'[^']*')"
    attributes = rb"(?:\s+[^\s=<>]+\s*=\s*" + value + rb")*\s*"
    return re.compile(
        rb"(?P<skip><!--.*?-->|<!\[CDATA\[.*?\]\]>)|(?P<open><!--|<!\[CDATA\[)|(?P<empty><"
        + name
        + attributes
        + rb"/>)|(?P<begin><"
        + name
        + rb"(?=[\s>]))|(?P<end></"
        + name
        + rb"\s*>)",
        re.DOTALL,
    )


def record_spans(block: bytes, tag: str) -> Iterable[tuple[int, int | None]]:
    """Where each row begins and ends; ``None``: it does not end in this block."""
    return _plain_spans(block, tag) or _all_spans(block, tag)


def _plain_spans(block: bytes, tag: str) -> list[tuple[int, int | None]] | None:
    """The usual case, several times faster: no comment, no row in a row, none that is empty."""
    if b"<!" in block:
        return None
    begin, end = _edges(tag)
    begins: list[int] = [found.start() for found in begin.finditer(block)]
    ends: list[int | None] = [found.end() for found in end.finditer(block)]
    if len(begins) == len(ends) + 1:
        ends.append(None)
    if len(begins) != len(ends):
        return None
    far = len(block)
    apart = all(first < (last or far) for first, last in zip(begins, ends, strict=True)) and all(
        (last or far) <= first for last, first in zip(ends, begins[1:], strict=False)
    )
    return list(zip(begins, ends, strict=True)) if apart else None


@lru_cache(maxsize=16)
def _edges(tag: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    name = re.escape(tag.encode())
    return re.compile(rb"<" + name + rb"(?=[\s/>])"), re.compile(rb"</" + name + rb"\s*>")


def _all_spans(block: bytes, tag: str) -> Iterator[tuple[int, int | None]]:
    depth, begun = 0, 0
    for found in _tokens(tag).finditer(block):
        what = found.lastgroup
        if what == "open":
            break  # a comment that goes on behind the block
        if what == "empty" and depth == 0:
            yield found.start(), found.end()
        elif what == "begin":
            begun = begun if depth else found.start()
            depth += 1
        elif what == "end" and depth:
            depth -= 1
            if depth == 0:
                yield begun, found.end()
    if depth:
        yield begun, None


def last_record_end(block: bytes, tag: str) -> int:
    """Just behind the last whole row; 0: there is none."""
    return max((end for _, end in record_spans(block, tag) if end is not None), default=0)


class _Builder:
    """Elements: a text, or a mapping of attributes (``_name``) and elements; repeated ones a list."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def parse(self, text: bytes) -> list[dict[str, Any]]:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(b"<_>", False)
        parser.Parse(text, False)
        parser.Parse(b"</_>", True)
        return self.records

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes:
            name = attributes.pop(NAME, name)
            self._open.append((name, {f"_{key}": value for key, value in attributes.items()}, []))
        else:
            self._open.append((name, {}, []))

    def _text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def _end(self, _: str) -> None:
        name, inside, texts = self._open.pop()
        depth = len(self._open)
        value: Any = texts[0] if len(texts) == 1 else "".join(texts)
        if inside:
            value = _with_text(inside, value)
        if depth > 1:
            self._add(self._open[-1][1], name, value)
        elif depth == 1:
            self.records.append(
                value if isinstance(value, dict) else {VALUE: value} if value and value.strip() else {}
            )

    @staticmethod
    def _add(parent: dict[str, Any], name: str, value: Any) -> None:
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]


def _with_text(inside: dict[str, Any], text: str) -> dict[str, Any] | None:
    """Attributes and elements, and the text between them unless it is blank; ``None``: it says that it is."""
    if inside.pop(f"_{NIL}", "") in ("true", "1"):
        return None
    return inside | {VALUE: text} if text.strip() else inside


def parse_records(texts: list[bytes]) -> list[dict[str, Any]] | None:
    """Many rows at once; ``None``: one of them is broken."""
    try:
        found = _Builder().parse(b"".join(texts))
    except expat.ExpatError:
        return None
    return found if len(found) == len(texts) else None


def parse_record(text: bytes) -> dict[str, Any]:
    """One row; raises ``ValueError`` with what is wrong with it."""
    try:
        found = _Builder().parse(text)
    except expat.ExpatError as error:
        raise ValueError(f"Not well-formed XML: {expat.ErrorString(error.code)}.") from error
    if len(found) != 1:
        raise ValueError("Not well-formed XML: it does not end where it begins.")
    return found[0]


def columns_of_records(records: list[dict[str, Any]]) -> dict[str, str]:
    """Column types that hold all of these records; ``void`` where nothing but empty elements were seen."""
    seen: dict[str, Any] = {}
    for each in records:
        for name, value in each.items():
            _note(seen.setdefault(name, _nothing()), value)
    return {name: _type(spot) for name, spot in seen.items()}


def _nothing() -> dict[str, Any]:
    return {"types": set(), "inside": {}, "many": False}


def _note(spot: dict[str, Any], value: Any) -> None:
    if isinstance(value, list):
        spot["many"] = True
        for each in value:
            _note(spot, each)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _note(spot["inside"].setdefault(name, _nothing()), inner)
    elif value is not None:
        spot["types"].add(text_type(value))


def _type(spot: dict[str, Any]) -> str:
    types = spot["types"] - {"void"}
    if spot["inside"]:
        if types:
            spot["inside"].setdefault(VALUE, _nothing())["types"] |= types
        fields = ((name.replace("`", "``"), _type(each)) for name, each in spot["inside"].items())
        kind = ",".join(f"`{name}`:{'string' if each == 'void' else each}" for name, each in fields)
        kind = f"struct<{kind}>"
    else:
        kind = _united(types)
    return f"array<{'string' if kind == 'void' else kind}>" if spot["many"] else kind


def _united(types: set[str]) -> str:
    if len(types) < 2:
        return next(iter(types), "void")
    if types == {"bigint", "double"}:
        return "double"
    return "timestamp" if types == {"date", "timestamp"} else "string"
