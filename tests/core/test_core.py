"""The vocabulary: graphs, hints, errors, schemas, digests."""

from __future__ import annotations

import pickle
from dataclasses import replace

from pydantic import BaseModel

from headrace.core import (
    Columns,
    InvalidDocument,
    Issue,
    NewColumn,
    RunFailed,
    Schema,
    Secret,
    SqlExpression,
    did_you_mean,
    find_cycle,
    hinted_values,
    in_order,
    rewrite,
    upstream,
)
from headrace.project import read_pipeline

DIAMOND = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": []}


def test_in_order_puts_each_after_what_it_reads_and_leaves_cycles_out() -> None:
    assert in_order(DIAMOND) == ["a", "b", "c", "d"]
    assert in_order({"a": ["b"], "b": ["a"], "c": []}) == ["c"]


def test_find_cycle_walks_it_and_comes_back() -> None:
    cycle = find_cycle({"a": ["c"], "b": ["a"], "c": ["b"], "d": ["a"]})
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"a", "b", "c"}
    assert find_cycle(DIAMOND) == []


def test_up_and_down_the_stream() -> None:
    assert upstream(DIAMOND, "d") == {"a", "b", "c"}


class Inner(BaseModel):
    expression: SqlExpression


class Outer(BaseModel):
    fields: Columns | None = None
    makes: dict[NewColumn, SqlExpression] = {}
    inner: list[Inner] = []


def test_hinted_values_are_found_with_their_paths() -> None:
    model = Outer(fields=("a", "b"), makes={"c": "a + 1"}, inner=[Inner(expression="x")])
    found = [(path, hint.kind, text) for path, hint, text in hinted_values(model)]
    assert found == [
        ("fields.0", "column", "a"),
        ("fields.1", "column", "b"),
        ("makes.c", "new_column", "c"),
        ("makes.c", "sql", "a + 1"),
        ("inner.0.expression", "sql", "x"),
    ]


def test_rewrite_knows_the_hint_of_text_that_is_not_bound_yet() -> None:
    raw = {"makes": {"c": "a"}, "inner": [{"expression": "x"}], "unknown": "y"}
    kinds = {}
    rewrite(Outer, raw, lambda path, hint, text: kinds.setdefault(path, hint.kind if hint else None) and text)
    assert kinds == {"makes.c": "new_column", "inner.0.expression": "sql", "unknown": None}


def test_an_error_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(RunFailed("code", "message", where="here", hint="do this")))
    assert (error.code, error.where, error.hint, str(error)) == (
        "code",
        "here",
        "do this",
        "here: message do this",
    )
    document = pickle.loads(pickle.dumps(InvalidDocument([Issue("a", "b"), Issue("c", "d")])))
    assert [issue.code for issue in document.issues] == ["a", "c"]


def test_a_message_is_never_unbounded() -> None:
    assert len(RunFailed("code", "x" * 1_000_000).message) < 3000


def test_suggestions_forgive_typing_and_case() -> None:
    assert did_you_mean("prise", ["price", "id"]) == "Did you mean 'price'?"
    assert did_you_mean("PRICE", ["price", "id"]) == "Did you mean 'price'?"
    assert did_you_mean("xyz", ["a", "b"]) == "There is 'a', 'b'."


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret("token", "hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"


def test_schema_names_are_compared_as_spark_does() -> None:
    schema = Schema.of({"Price": "double", "a`b": "bigint"})
    assert schema.get("price") is schema.columns[0]
    assert schema.ddl() == "`Price` double, `a``b` bigint"


def test_layout_comments_and_order_do_not_change_a_digest() -> None:
    head = "headrace: 1\nkind: pipeline\nname: x\n"
    one = read_pipeline(head + "stages:\n  a: {type: t.x, p: 1, q: 2}\n  b: {type: t.y, from: a}\n")
    two = read_pipeline(
        head
        + "# said\nlayout: {a: {x: 1}}\nstages:\n  b: {from: a, type: t.y}\n  a: {q: 2, type: t.x, p: 1}\n"
    )
    assert one.digest() == two.digest()
    assert replace(one, name="y").digest() != one.digest()
