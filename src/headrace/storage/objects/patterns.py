"""Which keys a pattern means: ``*``, ``**``, ``?``, ``[…]`` and ``{a,b}``.

``*`` and ``?`` stay within one folder, ``**`` crosses folders. A pattern without any of these names a file,
or a folder with everything below it. Parts that begin with ``_`` or ``.`` are hidden unless the pattern
spells them out; ``name=value`` folders are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

__all__ = ["KeyPattern", "expand_braces", "is_hidden"]

MAGIC = re.compile(r"[*?\[]")
BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")


def expand_braces(pattern: str) -> tuple[str, ...]:
    """``a/{b,c}.csv`` is ``a/b.csv`` and ``a/c.csv``; nested braces expand from the inside out."""
    found = BRACES.search(pattern)
    if found is None:
        return (pattern,)
    head, tail = pattern[: found.start()], pattern[found.end() :]
    parts = dict.fromkeys(
        each for choice in found[1].split(",") for each in expand_braces(f"{head}{choice}{tail}")
    )
    return tuple(parts)


def is_hidden(key: str) -> bool:
    """Whether a part of the key begins with ``_`` or ``.``; ``_date=2024`` is a partition, not hidden."""
    return any(
        part.startswith(".") or (part.startswith("_") and "=" not in part) for part in key.split("/") if part
    )


@dataclass(frozen=True)
class KeyPattern:
    """One pattern over the keys of a store."""

    text: str

    @property
    def is_plain(self) -> bool:
        """Whether it names one file or folder."""
        return MAGIC.search(self.text) is None

    @property
    def base(self) -> str:
        """The longest folder that holds every match, with its trailing slash; a plain pattern itself."""
        found = MAGIC.search(self.text)
        return self.text if found is None else self.text[: self.text.rfind("/", 0, found.start()) + 1]

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        if self.is_plain:
            return re.compile(re.escape(self.text.rstrip("/")) + "(/.*)?", re.DOTALL)
        return re.compile(_translate(self.text), re.DOTALL)

    def matches(self, key: str) -> bool:
        """Whether the pattern means this key, hidden parts that it does not spell out excluded."""
        if self._regex.fullmatch(key) is None:
            return False
        rest = key[len(self._base) :] if key.startswith(self._base) else key
        if not rest.startswith(("_", ".")) and "/_" not in rest and "/." not in rest:
            return True
        return self._spells_hidden(key) or not is_hidden(rest)

    @cached_property
    def _base(self) -> str:
        return self.base

    def _spells_hidden(self, key: str) -> bool:
        text = self.text[len(self._base) :] if key.startswith(self._base) else self.text
        return any(is_hidden(part) for part in text.split("/"))


def _translate(pattern: str) -> str:
    out: list[str] = []
    position = 0
    while position < len(pattern):
        text, position = _translate_at(pattern, position)
        out.append(text)
    return "".join(out)


def _translate_at(pattern: str, at: int) -> tuple[str, int]:
    if pattern.startswith("**/", at):
        return "(?:[^/]+/)*", at + 3
    if pattern.startswith("**", at):
        return ".*", at + 2
    if pattern[at] == "*":
        return "[^/]*", at + 1
    if pattern[at] == "?":
        return "[^/]", at + 1
    if pattern[at] == "[":
        end = pattern.find("]", at + 2)
        if end > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\")
            inner = "^" + inner[1:] if inner[0] in "!^" else inner
            return f"[{inner}]", end + 1
    return re.escape(pattern[at]), at + 1
