"""Documents that are refused before anything is done: too large, explosive, of another kind, not there."""

from __future__ import annotations

from typing import Any

import pytest

from .documents import FILTER, HEAD, LOAD, issues, stages


def test_a_document_over_two_megabytes_is_refused_unread(place: Any) -> None:
    text = stages(FILTER) + "# " + "x" * 2_000_000 + "\n"
    (found,) = issues(place, text)
    assert found.code == "document-too-large"
    assert "2 MB" in found.message


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{n}: &{n} [{','.join([f'*{p}'] * 8)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "a: &a {b: *a}\n",
        "a: " + "[" * 5000 + "]" * 5000 + "\n",
        "a:\n" + "".join(" " * depth + "a:\n" for depth in range(1, 1500)),
        "a: &a {k: 1}\n" + "".join(f"b{n}: {{<<: *a}}\n" for n in range(3000)),
    ],
    ids=["billion laughs", "an alias to itself", "brackets", "depth", "merges"],
)
def test_a_document_that_would_explode_is_refused_at_once(place: Any, bomb: str) -> None:
    found = issues(place, HEAD + bomb)
    assert {each.code for each in found} & {"yaml-alias", "yaml-nesting", "unknown-key"}
    assert any(each.severity == "error" for each in found)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-document"),
        ("name: größe\n".encode("latin-1"), "document-encoding"),
        (b"\xff\xfe" + "headrace: 1\n".encode("utf-16-le"), "document-encoding"),
        (b"\x00\x01\x02", "control-character"),
        (stages(FILTER.replace("condition", "conditon")).encode(), "unknown-field"),
    ],
    ids=["empty", "latin-1", "utf-16", "binary", "a mistake"],
)
def test_a_file_that_is_no_pipeline_leaves_with_2_and_touches_nothing(
    place: Any, data: bytes, code: str
) -> None:
    (place.folder / "p.yaml").write_bytes(data)
    before = sorted(place.folder.rglob("*"))
    done = place.command("validate", "p.yaml", "--json")
    assert done.returncode == 2
    assert f'"{code}"' in done.stdout
    assert "Traceback" not in done.stderr
    assert sorted(place.folder.rglob("*")) == before


def test_a_wrong_document_is_not_run_and_leaves_no_trace(place: Any) -> None:
    place.pipeline(LOAD + FILTER.replace("processor.filter", "processor.filtr"))
    done = place.command("run", "p.yaml")
    assert done.returncode == 2
    assert "p.yaml:6" in done.stderr
    assert "unknown-stage" in done.stderr
    assert "Did you mean 'processor.filter'?" in done.stderr
    assert not (place.folder / ".headrace").exists()


def test_a_document_that_is_not_there_is_told_with_what_is(place: Any) -> None:
    place.pipeline(LOAD)
    said = place.command("explain", "q.yaml")
    assert said.returncode == 2
    assert "no-such-document" in said.stderr
    result = place.json("run", "q.yaml")
    assert (result["state"], result["error"]["code"]) == ("failed", "no-such-document")
    assert "'q.yaml'" in result["error"]["message"]
    assert "p.yaml" in result["error"]["hint"]
