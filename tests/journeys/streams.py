"""A stream that is killed again and again, over any store: what goes in has to come out once.

A store takes part with two functions: one that puts rows where the origin looks, one that reads what a
reader of the destination sees. The rest is the same for all of them.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from headrace.app.runs import start
from headrace.app.workspace import open_document

__all__ = ["Ends", "kill_and_resume"]


@dataclass
class Ends:
    """Both ends of a pipeline: ``stages`` is its text, ``put`` adds rows to be read, ``seen`` reads all."""

    stages: str
    put: Callable[[Iterable[int]], None]
    seen: Callable[[], list[int]]
    head: str = "headrace: 1\nkind: pipeline\nname: stream\nmode: streaming\ninterval: 0.1s\n"
    engine: str = "embedded"
    batches: list[int] = field(default_factory=list)
    """How many batches each run has told of."""


def kill_and_resume(place: Any, ends: Ends, *, kills: int, seed: int, restart: Callable[[], None]) -> None:
    """Kills the stream at ``kills`` seeded random moments while rows keep coming, then lets it catch up.

    Every tenth kill is followed by ``restart``, of whatever servers the store has.
    """
    chance = random.Random(seed)
    place.write("stream.yaml", ends.head + "stages:\n" + ends.stages)
    number = 0
    for kill in range(kills):
        stop = threading.Event()

        def feed(first: int, seed: int = kill, stop: threading.Event = stop) -> None:
            nonlocal number
            pace = random.Random(seed)
            number = first
            while not stop.is_set():
                many = pace.randrange(1, 5)
                ends.put(range(number, number + many))
                number += many
                stop.wait(pace.uniform(0.01, 0.15))

        feeder = threading.Thread(target=feed, args=(number,))
        feeder.start()
        try:
            _run_and_kill(place, ends, chance)
        finally:
            stop.set()
            feeder.join()
        if kill % 10 == 9:
            restart()
        seen = Counter(ends.seen())
        twice = {row: times for row, times in seen.items() if times > 1}
        assert not twice, f"seed {seed}, kill {kill}: twice {list(twice)[:10]}"
    _catch_up(place, ends)
    seen = Counter(ends.seen())
    missing = [row for row in range(number) if row not in seen]
    assert not missing, f"seed {seed}: {len(missing)} of {number} are lost, {missing[:10]} first"
    assert max(seen.values()) == 1, f"seed {seed}: twice {[r for r, n in seen.items() if n > 1][:10]}"
    assert number == len(seen)


def _run_and_kill(place: Any, ends: Ends, chance: random.Random) -> None:
    """Half of the kills come at any moment of a run's life, the others around a batch's end."""
    workspace = open_document(place.folder / "stream.yaml")
    after = chance.choice([None, 1, 2, 3])
    delay = chance.uniform(0.0, 2.0) if after is None else chance.uniform(0.0, 0.2)
    told = 0
    with start(workspace.project, workspace.text, file="stream.yaml", engine=ends.engine) as process:

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(delay, kill)
        if after is None:
            timer.start()
        deadline = time.monotonic() + 60
        for event in process.events():
            told += event["event"] == "batch_finished"
            if told == after and not timer.is_alive() and event["event"] == "batch_finished":
                timer.start()
            assert time.monotonic() < deadline, "no batch came to its end"
        timer.join()
        result = process.result()
    assert result.state == "failed", result
    assert result.error is not None
    assert result.error.code == "process-died", result.error
    ends.batches.append(told)


def _catch_up(place: Any, ends: Ends) -> None:
    workspace = open_document(place.folder / "stream.yaml")
    with start(
        workspace.project, workspace.text, file="stream.yaml", engine=ends.engine, once=True
    ) as process:
        for _ in process.events():
            pass
        assert process.result().state == "finished", process.result().error
