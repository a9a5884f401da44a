"""An engine's exception as one of ours: short, without a stack trace, with what to do."""

from __future__ import annotations

import linecache
import re
from pathlib import PurePath

from headrace.core import (
    Cancelled,
    DataRefused,
    HeadraceError,
    RunFailed,
    UserCodeFailed,
    did_you_mean,
)
from headrace.storage.carried import carried_error

from .failure_rules import RULES

__all__ = ["explain_failure", "is_users"]

_ENGINES = ("pyspark.", "py4j.", "grpc.", "pysail.")
_CUT = re.compile(
    r" ?SQLSTATE: |\n\s*(?:at [\w.$]+\(|JVM stacktrace|== |'?[A-Z]\w+ [\[(].*\n\+- )|Traceback \(most recent",
    re.DOTALL,
)
"""Where an engine's sentence ends and its own innards begin."""
_HANDED_ON = re.compile(r"\[Writer::write\] \w+: External error: ")
"""What stands before the words of a function that the rows being written went through."""
_REFUSED = re.compile(r"\[headrace:([a-z]+(?:-[a-z]+)+)\] ([^\n]*)")
_STACK = "Traceback (most recent call last)"
_PLACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.*))?$', re.MULTILINE)
_RAISED = re.compile(r"^(?!Traceback:)[A-Za-z_][\w.]*(?::.*)?$", re.MULTILINE)
"""The line at the margin that names what was raised: ``ZeroDivisionError: division by zero``."""
_HANDED_UP = re.compile(r"^.*(?:External|Python) error: ")
_CODE = re.compile(r"<([\w-]+)>$")
"""What the code of a stage calls its file."""
_INTERRUPTED = re.compile(
    r"operation not found|OPERATION_CANCELED|cancelled|was cancel+ed|interrupted", re.IGNORECASE
)
_SQL_TYPES = {
    "Int8": "tinyint",
    "Int16": "smallint",
    "Int32": "int",
    "Int64": "bigint",
    "Float32": "float",
    "Float64": "double",
    "Utf8": "string",
    "LargeUtf8": "string",
    "Utf8View": "string",
    "Date32": "date",
    "Decimal128": "decimal",
    "Boolean": "boolean",
}
_ARROW_TYPES = re.compile(r"\b(?:" + "|".join(_SQL_TYPES) + r")\b")
_SENTENCE = 400
_OURS = str(PurePath(__file__).parents[1])
_LIBRARY = re.compile(r"^<(?:frozen|string|stdin|__array_function__)|^spark\.py$|/lib(?:64)?/python3\.\d+/")
"""Files of Python itself and of the engine, on this machine or another."""


def explain_failure(error: BaseException) -> HeadraceError | None:
    """What ``error`` means; ``None`` when it does not come from an engine."""
    if isinstance(error, HeadraceError):
        return error
    if not type(error).__module__.startswith(_ENGINES):
        return None
    text = str(error)
    found = carried_error(text) or _refused(text) or _python(text) or _known(text)
    if found is None and _INTERRUPTED.search(text):
        return Cancelled("cancelled", "The query was interrupted.")
    return found or RunFailed("engine-error", f"The engine refused: {_sentence(text)}")


def _refused(text: str) -> HeadraceError | None:
    """A row that one of our own expressions refused."""
    found = _REFUSED.search(text)
    return DataRefused(found[1], found[2].removesuffix(" SQLSTATE: P0001")) if found else None


def _known(text: str) -> HeadraceError | None:
    for rule in RULES:
        found = rule.pattern.search(text)
        if found is None:
            continue
        groups = {key: value for key, value in found.groupdict().items() if value}
        hint = did_you_mean(_bare(groups["name"])[0], _bare(groups["known"])) if "known" in groups else None
        words = {key: _plain(value) for key, value in groups.items()}
        for key in ("name", "path", "what"):
            words.setdefault(key, words.get("other", ""))
        return rule.kind(rule.code, rule.message.format(**words), hint=hint or rule.hint)
    return None


def _plain(text: str) -> str:
    """Names and values as a person writes them: without backticks and the parser's wrapping."""
    parts = re.findall(r'Identifier\("(.*?)"\)', text)
    text = "'" + ".".join(parts) + "'" if parts else text
    if re.fullmatch(r"`[^`]*`(\.`[^`]*`)*", text):
        text = "'" + text.replace("`", "") + "'"
    text = _ARROW_TYPES.sub(lambda found: _SQL_TYPES[found[0]], text)
    return " ".join(text.split())[:_SENTENCE]


def _bare(text: str) -> list[str]:
    """Names without backticks; the parts of one name stay together."""
    return [name.replace("`", "") for name in re.findall(r"`[^`]*`(?:\.`[^`]*`)*", text)]


def _python(text: str) -> HeadraceError | None:
    """Python that the engine ran: the user's own innermost line, and what was raised there."""
    said, *stacks = text.strip().split(_STACK)
    for before, stack in reversed(list(zip([said, *stacks], stacks, strict=False))):
        place = _own_place(stack)
        if place is not None:
            return _failed_at(place, stack, before)
    if not stacks:
        return None
    words = [said.splitlines()[0] if said else "", *_RAISED.findall(stacks[-1])]
    return _known(text) or _function_failed(words[-1][:_SENTENCE])


def _own_place(stack: str) -> re.Match[str] | None:
    """The innermost line of the document's code, else of the user's files; none of what came from below."""
    places = list(_PLACE.finditer(stack))
    if not places or came_from_below(places[-1]["file"]):
        return None
    users = [place for place in places if is_users(place["file"])]
    return next(reversed([place for place in users if _CODE.match(place["file"])] or users), None)


def _failed_at(place: re.Match[str], stack: str, before: str) -> UserCodeFailed:
    rest = stack[place.end() :].lstrip("\n")
    source = "" if _PLACE.match(rest) or not rest.startswith(" ") else rest.partition("\n")[0].strip()
    raised = _RAISED.search(stack, list(_PLACE.finditer(stack))[-1].end())
    said = raised[0] if raised else _last_words(before)
    code = _CODE.match(place["file"])
    if code:  # a worker elsewhere has the function, and not its text
        source = source or linecache.getline(place["file"], int(place["line"])).strip()
    where = "its code" if code else PurePath(place["file"]).name
    shown = f": `{source[:200]}`" if source else ""
    words = f"Line {place['line']} of {where}{shown}. {said[:_SENTENCE]}"
    failed = UserCodeFailed("user-function-failed", words, where=code[1] if code else None)
    failed.__dict__["line"] = int(place["line"])
    return failed


def _last_words(text: str) -> str:
    """What the engine said before it showed a stack."""
    lines = [line for line in text.splitlines() if line.strip() not in ("", "Traceback:")]
    return _HANDED_UP.sub("", lines[-1]) if lines else ""


def _function_failed(said: str) -> UserCodeFailed:
    """What a function raised that has no line of the user's: a library's own, used as it is."""
    inner = _HANDED_ON.split(said)[-1]
    words = said if inner == said else f"A function that it calls on rows raised {inner}."
    return UserCodeFailed("user-function-failed", words)


def came_from_below(file: str) -> bool:
    """Whether the engine was fetching rows there: what went wrong is not that of the function that asked."""
    return file == "spark.py"


def is_users(file: str) -> bool:
    """Whether a line of this file is the user's own."""
    inside = ("site-packages", "dist-packages", "/pyspark/", "pyspark.zip", _OURS)
    return not _LIBRARY.search(file) and not any(part in file for part in inside)


def _sentence(text: str) -> str:
    kept = _CUT.split(text.strip(), maxsplit=1)[0]
    kept = re.sub(r"^\[[A-Z_.]+\] ", "", kept).strip()
    return " ".join(kept.split())[:_SENTENCE] or text.strip()[:_SENTENCE]
