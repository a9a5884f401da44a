"""Three thousand damaged documents on their way to a plan: issues or a plan, never another error."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest

from headrace.core import Issue
from headrace.project import Project, open_project
from headrace.runner import check

EXAMPLES = Path(__file__).parents[2] / "examples"
EVERYTHING = """\
headrace: 1
kind: pipeline
name: everything
parameters:
  least: {type: number, default: 1.5, minimum: 0}
  day: {type: date, default: 2024-01-31}
  names: {type: list, default: [a, b]}
  who: {type: string, choices: [ada, grace], default: ada}
stages:
  rows:
    type: origin.inline
    rows: [{a: 1, b: x}, {a: 2.5, b: null}]
  files: {type: origin.files, path: ["in/*.csv", "more/{a,b}.csv"], schema: {a: bigint}, read: new}
  same: {type: processor.convert_types, from: files, columns: {a: double}, on_error: route}
  joined: {type: processor.join, from: {left: rows, right: same}, on: [a], how: left}
  parts: {type: processor.split_rows, from: joined, fractions: {train: 0.8, test: 0.2}, seed: 7}
  kept: {type: processor.filter, from: parts.train, condition: "a > ${least} and b = ${who}", cache: true}
  sums: {type: processor.aggregate, from: kept, group_by: [b], aggregates: {n: count(*), most: max(a)}}
  sql: {type: processor.sql, from: {one: kept, two: sums}, query: "select * from {one} join {two} using (b)"}
  code:
    type: processor.pyspark
    from: [parts.test, sql]
    columns: {a: double}
    code: |
      output = inputs[0].select("a")
  fit: {type: ml.train_model, from: kept, target: a, cv_folds: 2, search: {max_depth: [2]}, register_as: m}
  gate: {type: ml.promote_model, from: fit, when: "r2 > 0.5 and rmse <= production.rmse"}
  out: {type: destination.files, from: code, path: "out/${run:id}/${day}", partition_by: [a]}
  bad: {type: destination.files, from: same.errors, path: "bad/${env:HOME}", format: json, disabled: true}
layout: {positions: {rows: [0, 1]}}
"""
WORDS = (
    *("null", "true", "-1", "0", "1e999", ".nan", "''", "[]", "{}", "[[]]", "{a: {b: [1]}}", "~", "é🚀"),
    *("${least}", "${nope}", "${", "$${", "${run:id}", "${env:NOPE}", "${secret:nope}", "${names}"),
    *("processor.filter", "processor.", "ml.train_model", "destination.files", "origin.inline", "x.y.z"),
    *("stages", "from", "type", "parameters", "rows", "run", "self", "errors", "__class__", "model_config"),
    *("rows.a.b", "parts", "parts.train", "same.errors", "out", "9" * 200, "9" * 5000, "a" * 3000),
    *("r2 > (((", "r2 if r2 else r2", "not " * 80 + "r2 > 0", "(" * 300, "lambda: 0", "\\x00", "'", '"'),
    *("stop", "route", "discard", "2024-13-45", "0x1F", "1_000", "!!int 3", "&a 1", "*a", "<<", "? ", "- "),
)
TOKEN = re.compile(r"[\w.${}*/-]+|[^\w\s]")
KEY_AND_VALUE = re.compile(r"(?<=: )[^,{}\n]+")


def documents() -> list[str]:
    return [EVERYTHING, *(path.read_text() for path in sorted(EXAMPLES.glob("*/pipelines/*.yaml")))]


def other_token(text: str, draw: random.Random) -> str:
    found = draw.choice(list(TOKEN.finditer(text)))
    word = draw.choice(WORDS) if draw.random() < 0.7 else draw.choice(TOKEN.findall(text))
    return text[: found.start()] + word + text[found.end() :]


def other_value(text: str, draw: random.Random) -> str:
    values = list(KEY_AND_VALUE.finditer(text))
    if not values:
        return other_token(text, draw)
    found = draw.choice(values)
    word = draw.choice(WORDS) if draw.random() < 0.5 else draw.choice(values).group()
    return text[: found.start()] + word + text[found.end() :]


def lost_line(text: str, draw: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    del lines[draw.randrange(len(lines))]
    return "".join(lines) or "\n"


def moved_line(text: str, draw: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    line = lines.pop(draw.randrange(len(lines)))
    lines.insert(draw.randint(0, len(lines)), line)
    if draw.random() < 0.3:
        lines.insert(draw.randint(0, len(lines)), line)
    return "".join(lines)


def lost_or_odd_character(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    return text[:at] + draw.choice(("", "\t", " ", ":", "\n", chr(draw.randrange(0x3000)))) + text[at + 1 :]


DAMAGE = (other_token, other_value, other_value, lost_line, moved_line, lost_or_odd_character)


def damaged(text: str, draw: random.Random) -> str:
    for _ in range(draw.randint(1, 4)):
        text = draw.choice(DAMAGE)(text, draw) or "\n"
    return text


def outcome(project: Project, text: str) -> tuple[Issue, ...]:
    try:
        return check(project, text, "p.yaml", {})
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}\n{text}") from error


@pytest.mark.parametrize("seed", range(10))
def test_three_hundred_damaged_documents_give_issues_or_a_plan(place: Any, seed: int) -> None:
    draw = random.Random(seed)
    project = open_project(place.folder)
    whole = documents()
    began = time.monotonic()
    wrong = 0
    for index in range(300):
        issues = outcome(project, damaged(whole[index % len(whole)], draw))
        wrong += any(issue.severity == "error" for issue in issues)
        for issue in issues:
            assert issue.code.replace("-", "").isalpha()
            assert issue.file == "p.yaml"
            assert 0 < len(issue.message) < 600
            assert str(issue).encode()
    assert wrong > 150
    assert time.monotonic() - began < 60


def test_the_documents_that_are_damaged_are_whole_to_begin_with(place: Any) -> None:
    project = open_project(place.folder)
    for text in documents():
        assert not [each for each in check(project, text, "p.yaml", {}) if each.severity == "error"]
