"""Which keys a pattern means."""

from __future__ import annotations

import pytest

from headrace.storage.objects import KeyPattern, expand_braces, is_hidden


@pytest.mark.parametrize(
    ("pattern", "key", "meant"),
    [
        ("data/*.csv", "data/a.csv", True),
        ("data/*.csv", "data/deep/a.csv", False),
        ("data/**/*.csv", "data/a.csv", True),
        ("data/**/*.csv", "data/x/y/a.csv", True),
        ("data/**", "data/x/y/a.csv", True),
        ("data/?.csv", "data/a.csv", True),
        ("data/?.csv", "data/ab.csv", False),
        ("data/[a-c].csv", "data/b.csv", True),
        ("data/[!a-c].csv", "data/b.csv", False),
        ("data", "data/x/a.csv", True),
        ("data/", "data/x/a.csv", True),
        ("data", "database/a.csv", False),
        ("data/a.csv", "data/a.csv", True),
        ("data/*.csv", "data/_a.csv", False),
        ("data/*.csv", "data/.a.csv", False),
        ("data/_*.csv", "data/_a.csv", True),
        ("data", "data/_headrace/manifests/1.json", False),
        ("data", "data/_date=2024/a.csv", True),
        ("data/*.csv", "data/a+b (1).csv", True),
    ],
)
def test_a_pattern_means_what_its_signs_say(pattern: str, key: str, meant: bool) -> None:
    assert KeyPattern(pattern).matches(key) is meant


def test_braces_expand_and_nest() -> None:
    assert expand_braces("a/{b,c{1,2}}.csv") == ("a/b.csv", "a/c1.csv", "a/c2.csv")
    assert expand_braces("a/{b}.csv") == ("a/{b}.csv",)


def test_a_partition_folder_is_not_hidden() -> None:
    assert not is_hidden("_date=2024/a.csv")
    assert is_hidden("x/.git/a.csv")
