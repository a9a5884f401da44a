"""Documents: a file or a text → a :class:`Pipeline`, or every problem in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from headrace.core import (
    EngineSettings,
    InvalidCall,
    InvalidDocument,
    Issue,
    Json,
    Pipeline,
    Source,
    did_you_mean,
)

from .definitions import read_parameters
from .durations import seconds_of
from .nodes import read_stages
from .problems import Problems, kind_of, show
from .yaml_text import SIZE_LIMIT, read_tree
from .yaml_tree import Tree

__all__ = ["examine_pipeline", "load_pipeline", "read_bytes", "read_pipeline"]

VERSION = 1
KEYS = (
    "headrace", "kind", "name", "description", "engine", "counts", "mode", "interval", "parameters",
    "stages", "layout",
)  # fmt: skip
NAME = re.compile(r"\w[\w .-]{0,199}")
ENGINES: tuple[str, ...] = get_args(EngineSettings.model_fields["name"].annotation)
COUNTS = ("stages", "ends", "off")
MODES = ("batch", "streaming")


def load_pipeline(path: Path) -> Pipeline:
    """The pipeline in a file.

    Raises ``InvalidDocument`` with every problem in it, and ``InvalidCall`` when there is no such file.
    """
    return read_pipeline(read_bytes(path), str(path))


def read_pipeline(text: str | bytes, file: str | None = None) -> Pipeline:
    """The pipeline in a text; ``file`` is for messages. Raises ``InvalidDocument`` with every problem."""
    pipeline, issues = examine_pipeline(text, file)
    if issues or pipeline is None:
        raise InvalidDocument(issues)
    return pipeline


def examine_pipeline(text: str | bytes, file: str | None = None) -> tuple[Pipeline | None, tuple[Issue, ...]]:
    """What a text says, as far as it is sound, and every problem in it.

    A pipeline that comes with issues keeps all its stages by name, so that a compiler can look for problems
    of its own in the same breath. ``None``: the text is not a pipeline at all.
    """
    problems = Problems(file)
    tree = read_tree(text, problems)
    if tree is not None:
        problems.lines = tree.lines
    if tree is None or not _is_pipeline(tree.value, problems):
        if not problems.found:
            problems.add(
                "empty-document", "The document is empty.", hint="`headrace init` writes a first one."
            )
        return None, problems.in_order()
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    pipeline = _pipeline(tree, Source(file, plain, tree.lines), problems)
    return pipeline, problems.in_order()


def _is_pipeline(value: Json, problems: Problems) -> bool:
    if value is None:
        return False
    if not isinstance(value, dict):
        message = f"The document is {kind_of(value)}; it has to be a mapping of keys to values."
        problems.add("not-a-mapping", message, line=1, hint="It begins with 'headrace: 1'.")
        return False
    kind = value.get("kind")
    if isinstance(kind, str) and kind != "pipeline":
        hint = did_you_mean(kind, ("pipeline",))
        problems.add(
            "unknown-kind", f"The document's kind is {show(kind)}; it can be 'pipeline'.", "kind", hint=hint
        )
        return False
    return True


def _pipeline(tree: Tree, source: Source, problems: Problems) -> Pipeline:
    plain: dict[str, Any] = tree.value
    problems.unknown_keys(plain, KEYS, "A pipeline")
    _check_version(plain, problems)
    if plain.get("kind") is None:
        problems.add("missing-key", "The document has no 'kind'.", line=1, hint="Write 'kind: pipeline'.")
    elif plain["kind"] != "pipeline":
        problems.wrong_type("'kind'", plain["kind"], "'pipeline'", "kind")
    return Pipeline(
        name=_name(plain.get("name"), problems),
        description=_text(plain, "description", problems),
        engine=_choice(plain, "engine", ENGINES, problems),
        counts=_choice(plain, "counts", COUNTS, problems) or "stages",  # type: ignore[arg-type]
        mode=_choice(plain, "mode", MODES, problems) or "batch",  # type: ignore[arg-type]
        interval=_interval(plain, problems),
        parameters=read_parameters(plain.get("parameters"), problems),
        stages=read_stages(plain.get("stages"), problems),
        layout=_layout(plain.get("layout"), problems),
        source=source,
    )


def _check_version(plain: dict[str, Json], problems: Problems) -> None:
    version = plain.get("headrace")
    if version is None:
        hint = f"Write 'headrace: {VERSION}' as its first line."
        problems.add("missing-key", "The document does not say 'headrace'.", line=1, hint=hint)
    elif isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        message = f"The document is of version {version}; this Headrace reads version {VERSION}."
        problems.add("wrong-version", message, "headrace", hint="Upgrade Headrace.")
    elif version != VERSION or isinstance(version, bool):
        message = f"'headrace' is the version of the document; there is only {VERSION}."
        problems.add("wrong-version", message, "headrace", hint=f"Write 'headrace: {VERSION}'.")


def _name(value: Json, problems: Problems) -> str:
    if value is None:
        problems.add("missing-key", "The pipeline has no 'name'.", line=1, hint="Write 'name: my-pipeline'.")
        return ""
    if not isinstance(value, str):
        problems.wrong_type("'name'", value, "text", "name", hint="Quotes make it text.")
        return ""
    if not NAME.fullmatch(value):
        hint = "Use letters, digits, spaces, '_', '-' and '.', at most 200."
        problems.add("invalid-name", f"{show(value)} cannot name a pipeline.", "name", hint=hint)
    return value


def _text(plain: dict[str, Json], key: str, problems: Problems) -> str:
    value = plain.get(key)
    if isinstance(value, str):
        return value
    if value is not None:
        problems.wrong_type(f"'{key}'", value, "text", key)
    return ""


def _choice(plain: dict[str, Json], key: str, allowed: tuple[str, ...], problems: Problems) -> str | None:
    value = plain.get(key)
    if value is None or not problems.one_of(value, allowed, f"'{key}'", key):
        return None
    return str(value)


def _interval(plain: dict[str, Json], problems: Problems) -> float | None:
    value = plain.get("interval")
    if value is None:
        return None
    seconds = seconds_of(value)
    hint = "Write a number of seconds, or '500ms', '5s', '10m', '2h'."
    if seconds is None:
        problems.wrong_type("'interval'", value, "a length of time", "interval", hint=hint)
    elif plain.get("mode") != "streaming":
        message = "Only a stream has an interval."
        problems.add("interval-without-stream", message, "interval", hint="Write 'mode: streaming'.")
    return seconds


def _layout(value: Json, problems: Problems) -> dict[str, Json]:
    if isinstance(value, dict):
        return value
    if value is not None:
        problems.wrong_type("'layout'", value, "a mapping", "layout")
    return {}


def read_bytes(path: Path) -> bytes:
    """A file's content, of a reasonable size. Raises ``InvalidCall`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise InvalidCall(
            "no-such-document", f"There is no file {show(str(path))}.", hint=_neighbor(path)
        ) from None
    except IsADirectoryError:
        hint = _neighbor(path / "pipeline.yaml")
        raise InvalidCall("no-such-document", f"{show(str(path))} is a folder.", hint=hint) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidCall("unreadable-document", f"{show(str(path))} cannot be read: {reason}.") from None


def _neighbor(path: Path) -> str | None:
    try:
        names = [each.name for each in path.parent.iterdir() if each.suffix in (".yaml", ".yml")]
    except OSError:
        return None
    return did_you_mean(path.name, names)
