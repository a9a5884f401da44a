"""Whatever happens to a document, reading it gives a pipeline or issues, never another error."""

from __future__ import annotations

import random

import pytest

from headrace.core import InvalidDocument, Issue, Pipeline
from headrace.project import read_pipeline

DOCUMENTS = (
    "headrace: 1\nkind: pipeline\nname: p\nparameters:\n  n: {type: integer, default: 1, minimum: 0}\n"
    "stages:\n  load: {type: origin.files, path: 'data/*.csv'}\n  keep:\n    type: processor.filter\n"
    '    from: load\n    condition: "amount > ${n}"\n',
    "headrace: 1\nkind: pipeline\nname: q\nstages:\n  a: &a\n    type: origin.inline\n    rows:\n"
    "      - {x: 1}\n      - {x: 2.5e3}\n  b: {<<: *a, cache: true}\n  c:\n    type: processor.union\n"
    "    from: [a, b.rest]\n    code: |\n      output = inputs[0]\n\nlayout: {positions: {a: [0, 1]}}\n",
)
WORDS = (
    "\t|\x00|\x1b|\x85|\u2028|\ufeff|\ud800|é|🚀|\r|\n|  |:|: |- |? |#|{|}|[|]"
    "|,|'|\"|>|>-9|&a |*a|*zz|!t |<<: |~|${|0x|0o9"
    "|!<tag:x> |!!python/name:os.open |%YAML 1.1\n|%TAG ! !\n|---\n|...\n"
    "|.nan|1e999|null|true: |stages:|headrace: "
    "|kind: orchestration\n|type: |from: {|parameters: [|${secret:}"
)
PIECES = (
    *WORDS.split("|"),
    "|",
    "|+2",
    "9" * 450,
    "[" * 70,
    "{a: " * 70,
    '"\\ud800"',
    '"\\UFFFFFFFF"',
    '"\\x0"',
)


def cut(text: str, at: int, end: int, draw: random.Random) -> str:
    return text[:at] + text[end:]


def insert(text: str, at: int, end: int, draw: random.Random) -> str:
    return text[:at] + draw.choice(PIECES) + text[at:]


def replace(text: str, at: int, end: int, draw: random.Random) -> str:
    return text[:at] + draw.choice(PIECES) + text[end:]


def repeat(text: str, at: int, end: int, draw: random.Random) -> str:
    return text[:at] + text[at:end] * draw.randint(2, 4) + text[end:]


def shuffle(text: str, at: int, end: int, draw: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    draw.shuffle(lines)
    return "".join(lines)


def change(text: str, at: int, end: int, draw: random.Random) -> str:
    return text[:at] + chr(draw.randrange(0x2100)) + text[at + 1 :]


def damaged(text: str, draw: random.Random) -> str | bytes:
    for _ in range(draw.randint(1, 6)):
        at, end = sorted((draw.randrange(len(text) + 1), draw.randrange(len(text) + 1)))
        damage = draw.choice((cut, insert, replace, repeat, shuffle, change))
        text = damage(text, at, min(end, at + draw.choice((1, 3, 30))), draw)
    if draw.random() >= 0.1:
        return text
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(3):
        raw.insert(draw.randrange(len(raw) + 1), draw.randrange(256))
    return bytes(raw)


def outcome(text: str | bytes) -> Pipeline | tuple[Issue, ...]:
    try:
        return read_pipeline(text, "p.yaml")
    except InvalidDocument as error:
        return error.issues


@pytest.mark.parametrize("seed", range(10))
def test_three_hundred_damaged_documents_give_issues_or_a_pipeline(seed: int) -> None:
    draw = random.Random(seed)
    outcomes = [outcome(damaged(DOCUMENTS[index % 2], draw)) for index in range(300)]
    for each in outcomes:
        if isinstance(each, Pipeline):
            assert len(each.digest()) == 64
        else:
            assert each
            for issue in each:
                check(issue)
    assert sum(isinstance(each, tuple) for each in outcomes) > 150


def check(issue: Issue) -> None:
    assert issue.code.replace("-", "").isalpha()
    assert issue.file == "p.yaml"
    assert 0 < len(issue.message) < 400
    assert str(issue).encode()
