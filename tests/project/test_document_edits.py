"""Editing a document by program: what is not edited stays as its author wrote it."""

from __future__ import annotations

import pytest

from headrace.core import InvalidCall, InvalidDocument, Lane
from headrace.project import Document, read_pipeline

TEXT = """\
# what this is
headrace: 1   # the version
kind: pipeline
name: "x"

parameters:
  n: {type: integer, default: 0x1F}

stages:
  # the raw rows
  load: {type: origin.files, path: 'a b'}   # from the lake
  split:
    type: processor.split_rows   # by hash
    from: load
    when: 2026-01-31
  # after both
  train:
    type: ml.train_model
    from: [split.train, load]
    fields:
    - a   # one
    - b
  last: {type: destination.discard, from: {rows: split}}
layout:
  positions: {load: [1, 2], split: [3, 4]}
  groups:
  - {name: g, stages: [load, split]}
"""


def test_a_document_that_is_not_changed_is_written_to_the_letter() -> None:
    assert Document(TEXT).text() == TEXT


def test_an_edit_keeps_comments_order_quotes_and_the_rest() -> None:
    document = Document(TEXT)
    document.set(("stages", "load", "format"), "csv")
    document.set(("stages", "train", "fields", "2"), "c")
    changed = document.text().replace("} #", "}   #").splitlines()
    expected = (
        TEXT.replace("'a b'}", "'a b', format: csv}").replace("    - b\n", "    - b\n    - c\n").splitlines()
    )
    assert changed == expected


def test_renaming_a_stage_rewrites_every_from_and_the_layout() -> None:
    document = Document(TEXT)
    document.rename_stage("split", "parts")
    document.rename_stage("load", "raw")
    text = document.text()
    pipeline = read_pipeline(text)
    assert list(pipeline.stages) == ["raw", "parts", "train", "last"]
    assert pipeline.stages["train"].inputs == (Lane("parts", "train"), Lane("raw"))
    assert pipeline.stages["last"].inputs == (Lane("parts", None, "rows"),)
    assert pipeline.stages["parts"].inputs == (Lane("raw"),)
    assert pipeline.layout == {
        "positions": {"raw": [1, 2], "parts": [3, 4]},
        "groups": [{"name": "g", "stages": ["raw", "parts"]}],
    }
    for comment in ("what this is", "the version", "the raw rows", "from the lake", "by hash", "after both"):
        assert f"# {comment}" in text


def test_removing_a_stage_removes_what_read_it() -> None:
    document = Document(TEXT)
    document.remove_stage("split")
    pipeline = read_pipeline(document.text())
    assert list(pipeline.stages) == ["load", "train", "last"]
    assert pipeline.stages["train"].inputs == (Lane("load"),)
    assert pipeline.stages["last"].inputs == ()


def test_a_stage_is_added_at_the_end() -> None:
    document = Document(TEXT)
    document.add_stage("out", {"type": "destination.files", "from": "train", "path": "x"})
    assert "\n  out:\n    type: destination.files\n    from: train\n    path: x\n" in document.text()
    assert list(read_pipeline(document.text()).stages)[-1] == "out"
    empty = Document("headrace: 1\nkind: pipeline\nname: p\n")
    empty.add_stage("a", {"type": "origin.files"})
    assert list(read_pipeline(empty.text()).stages) == ["a"]


def test_an_edit_that_makes_no_sense_is_an_invalid_call() -> None:
    document = Document(TEXT)
    for edit, code in [
        (lambda: document.rename_stage("nothing", "x"), "no-such-place"),
        (lambda: document.rename_stage("load", "train"), "stage-exists"),
        (lambda: document.rename_stage("load", "a.b"), "invalid-name"),
        (lambda: document.add_stage("load", {"type": "x.y"}), "stage-exists"),
        (lambda: document.remove_stage("nothing"), "no-such-place"),
        (lambda: document.get(("stages", "laod")), "no-such-place"),
        (lambda: document.remove(("name", "x")), "no-such-place"),
        (lambda: document.set(("name", "x"), 1), "no-such-place"),
    ]:
        with pytest.raises(InvalidCall) as caught:
            edit()
        assert caught.value.code == code
    assert document.text() == TEXT


@pytest.mark.parametrize("text", ["", "- a", "a: 1\na: 2\n", "a: !!python/name:x ''", "a: [", b"\xff"])
def test_text_that_cannot_be_edited_is_an_invalid_document(text: str | bytes) -> None:
    with pytest.raises(InvalidDocument):
        Document(text)


def test_an_anchor_may_be_used_again() -> None:
    document = Document("a: &x 1\nb: &x 2\nc: *x\n")
    document.set(("d",), 3)
    assert document.get(()) == {"a": 1, "b": 2, "c": 2, "d": 3}


def test_line_ends_stay_as_they_were() -> None:
    document = Document(TEXT.replace("\n", "\r\n"))
    document.set(("name",), "y")
    assert document.text().count("\r\n") == document.text().count("\n") == TEXT.count("\n")
