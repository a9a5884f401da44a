"""Removing, keeping and renaming columns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from headrace.core import Schema, find_stage

COLUMNS = Schema.of({"ID": "bigint", "Lot Size (m²)": "double", "tmp_a": "string", "a.b": "date"})


def stage(name: str, **config: Any) -> Any:
    return find_stage(f"processor.{name}").stage(**config)


def after(name: str, **config: Any) -> tuple[str, ...]:
    return stage(name, **config).columns_after({"frame": COLUMNS}).names


def codes(name: str, **config: Any) -> list[tuple[str, str | None, str | None]]:
    found = stage(name, **config).problems({"frame": COLUMNS})
    return [(issue.code, issue.field, issue.hint) for issue in found]


def test_names_and_patterns_match_in_any_case() -> None:
    assert after("remove_fields", fields=["id", "TMP_*"]) == ("Lot Size (m²)", "a.b")
    assert after("keep_fields", fields=["?.?", "id"]) == ("ID", "a.b")
    assert after("keep_fields", fields=["a.b", "id"], reorder=True) == ("a.b", "ID")


def test_a_dot_in_a_pattern_is_a_dot() -> None:
    assert after("remove_fields", fields=["a.*"]) == ("ID", "Lot Size (m²)", "tmp_a")


def test_a_missing_name_is_a_problem_with_a_suggestion_unless_allowed() -> None:
    assert codes("remove_fields", fields=["ID", "tmp_b", "zz*"]) == [
        ("unknown-column", "fields.1", "Did you mean 'tmp_a'?")
    ]
    assert codes("keep_fields", fields=["ID", "tmp_b"], ignore_missing=True) == []


def test_removing_everything_is_a_problem() -> None:
    assert codes("remove_fields", fields=["*"]) == [("no-columns-left", "fields", None)]
    assert codes("keep_fields", fields=["zz*"]) == [("no-columns-left", "fields", None)]


def test_a_missing_name_that_is_allowed_is_passed_over(apply: Any) -> None:
    rows = {"a": [1], "b": [2]}
    assert apply("remove_fields", {"fields": ["b", "c"], "ignore_missing": True}, rows) == [{"a": 1}]
    assert apply("keep_fields", {"fields": ["b", "c"], "ignore_missing": True}, rows) == [{"b": 2}]


def test_rules_spell_the_names_that_are_not_renamed_one_by_one() -> None:
    assert after("rename_fields", rename={"id": "Key"}, case="snake", prefix="h_") == (
        "Key", "h_lot_size_m²", "h_tmp_a", "h_a_b",
    )  # fmt: skip
    assert after("rename_fields", case="upper", apply_to=["tmp*"]) == ("ID", "Lot Size (m²)", "TMP_A", "a.b")


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("LotSize", "lot_size"),
        ("HTTPServer2", "http_server2"),
        ("a  b", "a_b"),
        ("Ölpreis €", "ölpreis"),
        ("€", "€"),
    ],
)
def test_snake_case_is_what_people_would_write(name: str, snake: str) -> None:
    schema = Schema.of({name: "int"})
    assert stage("rename_fields", case="snake").columns_after({"frame": schema}).names == (snake,)


def test_two_columns_may_swap_their_names_but_not_share_one(apply: Any) -> None:
    rows = {"a": [1], "b": [2], "c": [3]}
    assert apply("rename_fields", {"rename": {"a": "B", "b": "a"}}, rows) == [{"B": 1, "a": 2, "c": 3}]
    assert codes("rename_fields", rename={"ID": "A.B"}) == [
        ("duplicate-column", "rename", "Remove or rename one of them before.")
    ]


def test_a_rename_that_renames_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="nothing to rename"):
        stage("rename_fields")
