"""Messages of a range of offsets, in order, in bounded pieces; gaps and control records are passed over."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, HeadraceError

from .client import Cluster
from .topics import Isolation, Place

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

__all__ = ["average_size", "first_messages", "messages_between"]

TAKEN = 10_000
"""Messages that are taken from the client at a time."""
LOOK = 0.5
"""Seconds between two looks at whether anything still comes."""
SAMPLE = 100
QUEUED_KB = 16_384
"""What a consumer may have fetched and nobody taken yet, at most."""


def messages_between(
    cluster: Cluster,
    isolation: Isolation,
    place: Place,
    first: int,
    last: int,
    *,
    taken: int = TAKEN,
    patience: float | None = None,
    queued_kb: int = QUEUED_KB,
) -> Iterator[list[Message]]:
    """Messages from offset ``first`` to before ``last``, as lists.

    Raises when the first is gone, or when for ``patience`` seconds (the connection's) nothing comes.
    """
    from confluent_kafka import TopicPartition

    if first >= last:
        return
    consumer = cluster.consumer(isolation, queued_kb)
    try:
        consumer.assign([TopicPartition(*place, first)])
        patience = cluster.timeout if patience is None else patience
        deadline = time.monotonic() + patience
        done = False
        while not done:
            found = consumer.consume(min(taken, last - first), timeout=LOOK)
            if not found:
                _check_time(cluster, place, deadline)
                continue
            good = [each for each in found if each.error() is None]
            if len(good) < len(found):
                done = _events(cluster, place, found, last, consumer)
            if good and good[-1].offset() >= last - 1:
                done = True
                good = [each for each in good if each.offset() < last]
            if good:
                yield good
                deadline = time.monotonic() + patience
    finally:
        consumer.close()


def _check_time(cluster: Cluster, place: Place, deadline: float) -> None:
    if time.monotonic() > deadline:
        raise cluster.silent(f"topic '{place[0]}', partition {place[1]}")


def _events(cluster: Cluster, place: Place, found: list[Message], last: int, consumer: Consumer) -> bool:
    """What the client tells between messages; True: the end that was wanted has been passed."""
    for each in found:
        problem = each.error()
        if problem is None:
            continue
        if problem.name() == "_PARTITION_EOF":
            if (each.offset() or 0) >= last:
                return True
        elif not problem.retriable() and problem.name() not in ("_TRANSPORT", "_ALL_BROKERS_DOWN"):
            raise _problem(cluster, place, each, consumer)
    return False


def _problem(cluster: Cluster, place: Place, event: Any, consumer: Consumer) -> HeadraceError:
    what = f"topic '{place[0]}', partition {place[1]}"
    if event.error().name() in ("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"):
        return DataRefused(
            "offset-out-of-range",
            f"{what.capitalize()}: the message at offset {event.offset()} is no longer there.",
            hint="It was deleted while it was read. Set `on_missing: earliest` to go on with what is there.",
        )
    return cluster.failure(event.error(), what, consumer)


def first_messages(
    cluster: Cluster, isolation: Isolation, ranges: Mapping[Place, tuple[int, int]], count: int
) -> Iterator[Message]:
    """Up to ``count`` messages of the ranges, some of each partition."""
    waiting = {place: each for place, each in ranges.items() if each[1] > each[0]}
    share = -(-count // len(waiting)) if waiting else 0
    for place, (first, last) in waiting.items():
        left = share
        for messages in messages_between(cluster, isolation, place, first, last, taken=share):
            yield from messages[:left]
            left -= len(messages)
            if left <= 0:
                break


def average_size(cluster: Cluster, isolation: Isolation, ranges: Mapping[Place, tuple[int, int]]) -> float:
    """Bytes of a message, key included, by a few of them; at least 1."""
    biggest = sorted(ranges, key=lambda place: ranges[place][0] - ranges[place][1])[:4]
    found = [
        len(each) + len(each.key() or b"")
        for each in first_messages(cluster, isolation, {place: ranges[place] for place in biggest}, SAMPLE)
    ]
    return max(1.0, sum(found) / len(found)) if found else 1.0
