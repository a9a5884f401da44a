from __future__ import annotations

import os

import pytest

from headrace.core import InvalidCall
from headrace.engine.machine import cores, memory_in_bytes, parse_size, size_text


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 2**30), ("512 MiB", 512 * 2**20), ("1.5g", 3 * 2**29), ("1048576", 2**20), ("1kb", 1024)],
)
def test_sizes_read_as_people_write_them(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GB", "0", "2 XB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(InvalidCall) as caught:
        parse_size(text)
    assert caught.value.code == "invalid-size"


def test_a_control_groups_limit_is_respected(tmp_path):
    (tmp_path / "memory.max").write_text("1073741824\n")
    assert memory_in_bytes(tmp_path) == 2**30
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_in_bytes(tmp_path) > 2**30


def test_only_the_processors_that_we_may_use_are_counted():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_sizes_are_shown_short():
    assert [size_text(n) for n in (12, 2048, 3 * 2**29)] == ["12 B", "2 KB", "1.5 GB"]
