"""Where the records of delimited text end, line breaks inside quotes considered.

A quote opens only at the start of a field; a doubled quote inside stands for itself. Blocks without quotes,
the usual ones, cost one search. Where every quote pairs up cleanly, the pairing is done on arrays; a stray
quote (``5" pipe``) sends its block through a regular expression, field by field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["QuoteStyle"]


@dataclass(frozen=True)
class QuoteStyle:
    """How fields are quoted; ``multiline`` off: a line break always ends a record."""

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    multiline: bool = True

    @cached_property
    def _field(self) -> re.Pattern[bytes]:
        delimiter, quote = re.escape(self.delimiter.encode()), re.escape((self.quote or '"').encode())
        if self.escape is None:
            inside = rb"[^%b]*(?:%b%b[^%b]*)*" % (quote, quote, quote, quote)
        else:
            inside = rb"(?:[^%b%b]|%b.|%b%b)*" % (
                (escape := re.escape(self.escape.encode())),
                quote,
                escape,
                quote,
                quote,
            )
        return re.compile(rb"(?<![^%b\n\r])%b%b(%b?)" % (delimiter, quote, inside, quote), re.DOTALL)

    def bounds(self, block: bytes) -> np.ndarray | None:
        """Positions where quoting begins and ends, by turns; ``None``: no line break is quoted."""
        import numpy as np

        if self.quote is None or not self.multiline or self.quote.encode() not in block:
            return None
        data = np.frombuffer(block, np.uint8)
        if self.escape is None:
            places = np.flatnonzero(data == ord(self.quote))
            if self._pairs_up(data, places):
                return places
        found = [(m.start(), m.end() - 1 if m[1] else len(block)) for m in self._field.finditer(block)]
        return np.array(found, np.int64).reshape(-1)

    def _pairs_up(self, data: np.ndarray, places: np.ndarray) -> bool:
        import numpy as np

        opening = places[0::2]
        inner = opening[1:] if opening[0] == 0 else opening
        before = data[inner - 1]
        allowed = np.isin(before, np.frombuffer(self.delimiter.encode() + b"\n\r", np.uint8))
        doubled = np.zeros(len(opening), bool)
        doubled[1:] = opening[1:] - 1 == places[1::2][: len(opening) - 1]
        return bool((allowed | doubled[len(opening) - len(inner) :]).all())

    def last_end(self, block: bytes) -> int:
        """Just behind the last record of a block that begins with a record; 0: no record ends in it."""
        import numpy as np

        bounds = self.bounds(block)
        end = len(block)
        while (found := block.rfind(b"\n", 0, end)) >= 0:
            if bounds is None or (before := int(np.searchsorted(bounds, found))) % 2 == 0:
                return found + 1
            end = int(bounds[before - 1])
        return 0

    def starts(self, block: bytes) -> np.ndarray:
        """Where each record of a block of whole records begins, empty lines left out."""
        import numpy as np

        data = np.frombuffer(block, np.uint8)
        breaks = np.flatnonzero(data == 10)
        bounds = self.bounds(block)
        if bounds is not None:
            breaks = breaks[np.searchsorted(bounds, breaks) % 2 == 0]
        starts = np.concatenate((np.zeros(1, np.int64), breaks + 1))
        starts = starts[starts < len(block)]
        first = data[starts]
        second = data[np.minimum(starts + 1, len(block) - 1)]
        empty = (first == 10) | ((first == 13) & ((second == 10) | (starts == len(block) - 1)))
        kept: np.ndarray = starts[~empty]
        return kept

    def first_start(self, block: bytes, target: int) -> int | None:
        """The first record of the block that begins at or behind ``target``."""
        import numpy as np

        if target == 0:
            return 0
        bounds = self.bounds(block)
        at = target - 1
        while (found := block.find(b"\n", at)) >= 0:
            if bounds is None or (before := int(np.searchsorted(bounds, found))) % 2 == 0:
                return found + 1
            at = int(bounds[before]) if before < len(bounds) else len(block)
        return None
