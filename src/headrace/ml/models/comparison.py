"""Two trainings side by side: what went in, what was done, what came out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headrace.core import Json
from headrace.ml.learning.metrics import HIGHER_IS_BETTER

__all__ = ["better", "compare"]

LINES_LIMIT = 200
GIVEN = "parameter."
CODE = ("code/pipeline.yaml", "code/train.py")


def compare(
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    *,
    versions: tuple[int, int] = (1, 2),
    everything: bool = False,
) -> tuple[list[dict[str, Json]], list[str]]:
    """Rows ``{section, name, a, b, better}``, and notes on how to read them.

    ``better`` is ``a`` or ``b`` for metrics that differ. Where a gate has scored one of the two on the
    holdout of the other, both are side by side in a section of their own.
    """
    together = list(_same_holdout(a, b, versions))
    rows = [*_parameters(a, b), *together, *_metrics(a, b), *_data(a, b), *_code(a, b), *_preparation(a, b)]
    shown = [row for row in rows if everything or row["a"] != row["b"]]
    return shown, list(_notes(rows, together))


def _notes(rows: Sequence[Mapping[str, Any]], together: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    digests = next(row for row in rows if row["name"] == "split holdout_digest")
    if digests["a"] == digests["b"]:
        return
    where = f" '{together[0]['section']}' compares them on one." if together else ""
    yield f"Each version's metrics are on its own holdout, and the two differ.{where}"


def _same_holdout(
    a: Mapping[str, Any], b: Mapping[str, Any], versions: tuple[int, int]
) -> Iterator[dict[str, Json]]:
    """What a gate found when the newer of the two was the candidate and the older in production."""
    for candidate, other, number, against in ((b, a, versions[1], versions[0]), (a, b, *versions)):
        inputs = (candidate["texts"].get("promotion/decision.json") or {}).get("inputs") or {}
        if inputs.get("production.version") != against:
            continue
        for name in HIGHER_IS_BETTER:
            theirs = inputs.get(f"production.{name}")
            if theirs is None:
                continue
            mine = candidate["metrics"].get(name)
            pair = (theirs, mine) if other is a else (mine, theirs)
            yield _metric_row(f"holdout of version {number}", name, *pair)
        return


def better(metric: str, a: Json, b: Json) -> str | None:
    """``a`` or ``b``; ``None`` where they are equal, one is missing, or nobody says which way is better."""
    up = HIGHER_IS_BETTER.get(metric.removeprefix("cv."))
    if up is None or a is None or b is None or a == b:
        return None
    return "a" if (a > b) == up else "b"


def _row(section: str, name: str, a: Json, b: Json, better: str | None = None) -> dict[str, Json]:
    return {"section": section, "name": name, "a": a, "b": b, "better": better}


def _side_by_side(section: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    for name in dict.fromkeys((*a, *b)):
        yield _row(section, name, a.get(name), b.get(name))


def _parameters(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    """The document's parameters and the learner's; those that only hand a value on are told once."""
    rows = {str(row["name"]): row for row in _side_by_side("parameters", a["parameters"], b["parameters"])}
    for name, row in rows.items():
        plain = name.removeprefix(GIVEN)
        same = rows.get(plain) if plain != name else None
        if same is None:
            yield {**row, "name": plain}
        elif (row["a"], row["b"]) != (same["a"], same["b"]):
            yield {**row, "name": f"parameter {plain}"}


def _metrics(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    for row in _side_by_side("metrics", a["metrics"], b["metrics"]):
        name = str(row["name"])
        if name.startswith(("fold.", "search.", "train.", "holdout.")):
            continue
        yield _metric_row("metrics", name, row["a"], row["b"])


def _metric_row(section: str, name: str, a: Json, b: Json) -> dict[str, Json]:
    return _row(section, name, a, b, better(name, a, b))


def _data(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    for name in ("train.rows", "holdout.rows"):
        yield _row("data", name, _whole(a["metrics"].get(name)), _whole(b["metrics"].get(name)))
    inputs = [
        {each["location"]: each for each in side["texts"].get("data/inputs.json") or ()} for side in (a, b)
    ]
    for location in dict.fromkeys((*inputs[0], *inputs[1])):
        yield _row("data", f"input {location}", *(_input(side.get(location)) for side in inputs))
    columns = [
        {each["name"]: each["type"] for each in side["texts"].get("data/schema.json") or ()}
        for side in (a, b)
    ]
    for row in _side_by_side("data", *columns):
        yield {**row, "name": f"column {row['name']}"}
    splits = [side["texts"].get("split/split.json") or {} for side in (a, b)]
    for name in ("fraction", "seed", "by", "time_column", "after", "folds", "holdout_digest"):
        yield _row("data", f"split {name}", splits[0].get(name), splits[1].get(name))


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _input(found: Mapping[str, Any] | None) -> Json:
    if found is None:
        return None
    identity = found.get("digest") or found.get("version")
    return identity or f"{found.get('size')} bytes"


def _code(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    for tag, name in (
        ("mlflow.source.git.commit", "git commit"),
        ("headrace.git_dirty", "uncommitted changes"),
    ):
        yield _row("code", name, a["tags"].get(tag), b["tags"].get(tag))
    yield _row(
        "code",
        "document",
        *(side["tags"].get("headrace.document_digest", "")[:12] or None for side in (a, b)),
    )
    for path in CODE:
        texts = [side["texts"].get(path) or "" for side in (a, b)]
        yield from _changed_lines(path.rpartition("/")[2], *texts)
    versions = [side["texts"].get("code/versions.json") or {} for side in (a, b)]
    for row in _side_by_side("code", *versions):
        yield {**row, "name": f"version of {row['name']}"}


def _changed_lines(name: str, a: str, b: str) -> Iterator[dict[str, Json]]:
    """A row for each block of lines that is not in both texts."""
    old, new = a.splitlines(), b.splitlines()
    blocks = difflib.SequenceMatcher(None, old[:5000], new[:5000], autojunk=False).get_opcodes()
    for kind, start, end, other, last in blocks[:LINES_LIMIT]:
        if kind != "equal":
            shown = ["\n".join(lines).strip() or None for lines in (old[start:end], new[other:last])]
            yield _row("code", f"{name} line {other + 1}", *shown)


def _preparation(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    kinds = [
        {each["name"]: each["kind"] for each in side["texts"].get("data/features.json") or ()}
        for side in (a, b)
    ]
    for row in _side_by_side("preparation", *kinds):
        yield {**row, "name": f"feature {row['name']}"}
    stages = [side["texts"].get("code/stage.json") or {} for side in (a, b)]
    for name in ("features", "ignore"):
        yield _row(
            "preparation", name, *(json.dumps(each.get(name)) if name in each else None for each in stages)
        )
