"""An engine's exception as one of ours: short, without a stack trace, with what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
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

__all__ = ["explain_failure"]

_ENGINES = ("pyspark.", "py4j.", "grpc.", "pysail.")
_CUT = re.compile(
    r" ?SQLSTATE: |\n\s*(?:at [\w.$]+\(|JVM stacktrace|== |'?[A-Z]\w+ [\[(].*\n\+- )|Traceback \(most recent",
    re.DOTALL,
)
"""Where an engine's sentence ends and its own innards begin."""
_HANDED_ON = re.compile(r"\[Writer::write\] \w+: External error: ")
"""What stands before the words of a function that the rows being written went through."""
_REFUSED = re.compile(r"\[headrace:([a-z]+(?:-[a-z]+)+)\] ([^\n]*)")
_PLACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.*))?$', re.MULTILINE)
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
    start = text.rfind("Traceback (most recent call last)")
    if start < 0:
        return None
    said = [*text.strip().splitlines()[:1], *_raised(text[start:])]
    places = [place for place in _PLACE.finditer(text[start:]) if _is_users(place["file"])]
    if not places:  # nobody's code but ours and the engine's own
        return _known(text) or _function_failed(said[-1])
    place = places[-1]
    source = text[start:][place.end() :].lstrip("\n").split("\n", 1)[0].strip()
    shown = f": `{source[:200]}`" if source and not _PLACE.match(source) and source not in said else ""
    file = place["file"]
    where = "its code" if file.startswith("<") else PurePath(file).name
    failed = UserCodeFailed("user-function-failed", f"Line {place['line']} of {where}{shown}. {said[-1]}")
    failed.__dict__["line"] = int(place["line"])
    return failed


def _function_failed(said: str) -> UserCodeFailed:
    """What a function raised while rows were written: the engine keeps its words and loses its lines."""
    inner = _HANDED_ON.split(said)[-1]
    if inner == said:
        return UserCodeFailed("user-function-failed", said)
    hint = "`headrace preview` of the stage calls the function on the first rows and shows its line."
    message = f"A function that it calls on rows raised {inner}."
    return UserCodeFailed("user-function-failed", message, hint=hint)


def _raised(trace: str) -> Iterator[str]:
    """The lines at the margin, which name what was raised: ``ZeroDivisionError: division by zero``."""
    for line in trace.splitlines()[1:]:
        if re.match(r"[A-Za-z_][\w.]*(?::|$)", line) and not line.startswith("Traceback"):
            yield line[:_SENTENCE]


def _is_users(file: str) -> bool:
    inside = ("site-packages", "dist-packages", "/pyspark/", "pyspark.zip", _OURS)
    return not any(part in file for part in inside) and file != "spark.py" and not file.startswith("<frozen")


def _sentence(text: str) -> str:
    kept = _CUT.split(text.strip(), maxsplit=1)[0]
    kept = re.sub(r"^\[[A-Z_.]+\] ", "", kept).strip()
    return " ".join(kept.split())[:_SENTENCE] or text.strip()[:_SENTENCE]
