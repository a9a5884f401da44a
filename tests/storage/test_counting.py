"""Attempts at partitions: counted, and waited for when the whole has failed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from headrace.core import Cancelled
from headrace.storage.counting import Counter


def test_giving_up_waits_for_attempts_at_work_and_lets_none_begin(tmp_path: Path) -> None:
    counter = Counter.at(tmp_path)
    with counter.tally(0) as ended:
        ended.add(3)
    at_work = counter.tally(1)
    at_work.add(2)
    giving_up = threading.Thread(target=counter.give_up)
    giving_up.start()
    while not (tmp_path / "given-up").exists():
        pass
    with pytest.raises(Cancelled):
        counter.tally(2)
    assert giving_up.is_alive()
    at_work.__exit__(None, None, None)
    giving_up.join(timeout=3)
    assert not giving_up.is_alive()
    assert counter.value() == 5
