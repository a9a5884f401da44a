"""Large files are read in blocks, and no row is lost where one ends."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from headrace.core import WithErrors
from headrace.stages.origins.files import Files
from headrace.storage.formats import chunks

if TYPE_CHECKING:
    pass

from .conftest import Reading


def test_a_large_file_is_cut_without_losing_a_row(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted line breaks everywhere, bad rows in every part, lines right to the end."""
    text = ["id,text"]
    bad = []
    line = 1
    for number in range(300_000):
        line += 1
        if number % 50_000 == 7:
            bad.append(line)
            text.append(f"x{number},boo")
        else:
            text.append(f'{number},"first, ""quoted""\nsecond {"pad" * 30}"')
            line += 1
    reading.file("large.csv", "\n".join(text))
    made = Files(path="large.csv", schema="id bigint, text string").read(reading.run(on_error="route"))
    assert isinstance(made, WithErrors)
    (total,) = made.frame.selectExpr("count(*) as n", "sum(id) as s", "min(length(text)) as l").collect()
    left_out = [number for number in range(300_000) if number % 50_000 == 7]
    assert total["n"] == 300_000 - len(left_out)
    assert total["s"] == sum(range(300_000)) - sum(left_out)
    assert total["l"] == len('first, "quoted"\nsecond ') + 90
    assert sorted(row["_error_line"] for row in reading.plain(made.rejected)) == bad


def test_blocks_are_cut_where_records_end() -> None:
    pieces = [b"a\nb", b"c\nd", b"", b"e"]
    found = list(chunks.cut_blocks(iter(pieces), lambda block: block.rfind(b"\n") + 1, "x"))
    assert found == [b"a\n", b"bc\n", b"de"]


def test_a_packed_file_of_many_blocks_is_read_in_turns(reading: Reading) -> None:
    """Longer than one partition gives on the embedded engine; read twice at once, and only begun."""
    text = "id,text\n" + "".join(f"{number},{'ab' * 40}\n" for number in range(700_000))
    reading.file("long.csv.gz", gzip.compress(text.encode(), 1))
    reading.file("latin.csv", text.encode("latin-1"))
    for name, config in (("long.csv.gz", {}), ("latin.csv", {"encoding": "latin-1"})):
        run = reading.run()
        frame = Files(path=name, **config).read(run)
        assert not isinstance(frame, WithErrors)
        (total,) = frame.union(frame).selectExpr("count(*) as n", "sum(id) as s").collect()
        assert (total["n"], total["s"]) == (1_400_000, 700_000 * 699_999)
        assert [count() for _, count in run.watches] == [700_000]
        assert len(frame.limit(3).collect()) == 3
