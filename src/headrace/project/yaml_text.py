"""Text or bytes of a YAML file → its tree, or the reasons why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .problems import Problems
from .yaml_tree import Tree, TreeBuilder, Unreadable

__all__ = ["SIZE_LIMIT", "parse_yaml", "read_tree"]

SIZE_LIMIT = 2_000_000
"""Bytes of a document; larger ones are refused before parsing, which would take many seconds."""
CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_tree(text: str | bytes, problems: Problems) -> Tree | None:
    """A document's values; ``None`` when there are none, with the reason among the problems."""
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "replace"))
    if size > SIZE_LIMIT:
        message = f"The document has {size / 1e6:.1f} MB; at most {SIZE_LIMIT / 1e6:.0f} MB are read."
        problems.add("document-too-large", message, hint="Split it, or keep data in files.")
        return None
    plain = _decode(text, problems) if isinstance(text, bytes) else text.removeprefix("\ufeff")
    if plain is None or _control_characters(plain, problems):
        return None
    return parse_yaml(plain, problems)


def _decode(raw: bytes, problems: Problems) -> str | None:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        utf16 = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        is_what = "It looks like UTF-16. " if utf16 else ""
        problems.add(
            "document-encoding",
            f"The document is not UTF-8 text (line {line}, byte {error.start}).",
            hint=f"{is_what}Save it as UTF-8.",
            line=line,
        )
        return None


def _control_characters(text: str, problems: Problems) -> bool:
    for match in CONTROL.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        problems.add(
            "control-character",
            f"The document holds the control character U+{ord(match.group()):04X}.",
            hint="Remove it; inside double quotes, write it as an escape such as \\u0001.",
            line=line,
        )
        return True
    return False


def parse_yaml(text: str, problems: Problems) -> Tree | None:
    """The values of YAML text; ``None`` when it cannot be read."""
    builder = TreeBuilder(problems)
    try:
        for event in _events(text, problems):
            builder.take(event)
    except Unreadable:
        return None
    return Tree(builder.value, builder.lines) if builder.documents else None


def _events(text: str, problems: Problems) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    events = YAML(typ="safe", pure=True).parse(text)
    while True:
        try:
            event = next(events)
        except StopIteration:
            return
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            _syntax(text, str(error.problem or error.context), mark.line + 1 if mark else None, problems)
            raise Unreadable from error
        except Exception as error:  # the parser raises much else on damaged text: IndexError, ValueError …
            _syntax(text, "it cannot be understood", None, problems)
            raise Unreadable from error
        yield event


def _syntax(text: str, problem: str, line: int | None, problems: Problems) -> None:
    rows = text.splitlines()
    row = rows[line - 1] if line is not None and line <= len(rows) else ""
    if "\\t" in problem or "\t" in row[: len(row) - len(row.lstrip())]:
        message, hint = "A tab is used to indent.", "Indent with spaces."
        problems.add("yaml-tab", message, hint=hint, line=line)
    else:
        message = " ".join(problem.split())[:200]
        problems.add(
            "yaml-syntax", f"This is not YAML: {message}.", hint=_syntax_hint(problem, row), line=line
        )


def _syntax_hint(problem: str, row: str) -> str | None:
    if "but got '{'" in problem and "${" in row:
        return "Inside braces or brackets, put text that holds '${…}' in quotes."
    if "mapping values are not allowed" in problem:
        return "Put text that holds ': ' in quotes, and check the indentation."
    if "expected ':'" in problem or "block end" in problem or "block mapping" in problem:
        return "Check the indentation, and that every key is followed by ': '."
    if "end of stream" in problem or "expected ',' or" in problem:
        return "A quote or a bracket is not closed."
    if "cannot start any token" in problem:
        return "Put text that begins with such a character in quotes."
    return None
