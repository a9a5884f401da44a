"""JSON values one behind the other: an array of them, or objects that go over several lines.

They are found by Python's own parser, which says where each ends. Only where it stumbles are brackets
counted, to tell a value that goes on behind the bytes at hand from one that is broken.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headrace.core import DataRefused

from .chunks import LONGEST
from .ranges import broken_file

__all__ = ["Found", "goes_over_lines", "values_in"]

BETWEEN = re.compile(r"[\s,]*")
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{}]', re.DOTALL)
SCALAR_END = re.compile(r"[,\]\n]")


@dataclass(frozen=True, slots=True)
class Found:
    """One value: where it begins, its text, and what it is, or what is wrong with it."""

    line: int
    raw: str
    value: Any = None
    error: str | None = None


def goes_over_lines(head: bytes) -> bool:
    """Whether the beginning of a file looks like an array, or an object that does not end in its line."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    first = text.partition(b"\n")[0].strip()
    if first[:1] == b"[":
        return True
    try:
        json.loads(first)
    except ValueError:
        return first[:1] == b"{" and first[-1:] in (b"{", b"[", b",") and b"\n" in text
    return False


def values_in(pieces: Iterator[bytes], location: str) -> Iterator[Found]:
    """The values of an array, or those that stand one behind the other; raises ``DataRefused``."""
    return _Reader(pieces, location).values()


class _Reader:
    """A cursor in the text at hand, and the line it is on."""

    def __init__(self, pieces: Iterator[bytes], location: str) -> None:
        self._pieces = pieces
        self._location = location
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._parse = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def _more(self) -> bool:
        """Whether something came; what has been passed is let go."""
        if self._ended:
            return False
        piece = next(self._pieces, None)
        self._ended = piece is None
        try:
            self._text = self._text[self._at :] + self._decode.decode(piece or b"", final=self._ended)
        except UnicodeDecodeError as error:
            raise DataRefused(
                "wrong-encoding",
                f"'{self._location}' is not UTF-8 text after line {self._line}.",
                hint="Set `encoding` to what the file was written in.",
            ) from error
        self._at = 0
        if len(self._text) > LONGEST:
            raise DataRefused(
                "record-too-long",
                f"'{self._location}' has a value of more than {LONGEST >> 20} MB at line {self._line}.",
                hint="A bracket or quote that is never closed looks like that.",
            )
        return not self._ended

    def _pass(self, end: int) -> str:
        passed = self._text[self._at : end]
        self._line += passed.count("\n")
        self._at = end
        return passed

    def _skip(self) -> str:
        """The next character that is no space and no comma; none at the end."""
        while True:
            found = BETWEEN.match(self._text, self._at)
            self._pass(found.end() if found else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more() and self._at >= len(self._text):
                return ""

    def values(self) -> Iterator[Found]:
        """One after the other."""
        array = self._skip() == "["
        if array:
            self._pass(self._at + 1)
        while letter := self._skip():
            if array and letter == "]":
                self._pass(self._at + 1)
                if self._skip():
                    raise self._broken("there is something behind the array.")
                return
            yield self._value()
        if array:
            raise self._broken("its array does not end.")

    def _broken(self, why: str) -> DataRefused:
        return broken_file(self._location, "JSON", why)

    def _value(self) -> Found:
        while True:
            line = self._line
            try:
                value, end = self._parse(self._text, self._at)
                if end < len(self._text) or self._ended or self._text[end - 1] in '}]"':
                    return Found(line, self._pass(end), value)
            except ValueError as error:
                broken = str(getattr(error, "msg", error))
                found = self._end()
                if found is not None:
                    return Found(line, self._pass(found), None, f"Not JSON: {broken}.")
            if not self._more() and self._ended and self._end() is None:
                raise self._broken(f"the value at line {line} does not end.")

    def _end(self) -> int | None:
        """Where a value ends by its brackets alone; ``None``: behind the text at hand."""
        text, at = self._text, self._at
        if text[at] not in "[{":
            found = SCALAR_END.search(text, at)
            return max(found.start(), at + 1) if found else (len(text) if self._ended else None)
        depth = 0
        for token in TOKENS.finditer(text, at):
            if token[0] == '"':
                return None  # a text that does not end
            if len(token[0]) == 1:
                depth += 1 if token[0] in "[{" else -1
            if depth == 0:
                return token.end()
        return None
