"""From listed files to partitions: as many as the engine runs at a time, each of about the same bytes."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

from headrace.storage.datasource import BLOCKS
from headrace.storage.objects import ObjectStore

from .rows import Format, Split, blocks_of

__all__ = ["partitions_of"]

SMALL = 16 << 20
"""Bytes that are not worth a partition of their own."""
SLACK = 3
"""Blocks by which a piece may be longer than planned: it ends where a record does."""
SHORTEST_STEP = 4 << 20
LONGEST_STEP = 16 << 20
LARGE = 128 << 20
"""Bytes of a partition where there may be more machines than this one."""


def partitions_of(
    store: ObjectStore, form: Format, splits: Sequence[Split], *, engine: str
) -> tuple[tuple[Split, ...], ...]:
    """Neighboring files share a partition, large ones are cut where the format allows it. Keeps the order."""
    total = sum(split.size * split.growth for split in splits)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = max(1, min(cores, total // SMALL))
    if engine == "embedded":
        step = min(LONGEST_STEP, max(SHORTEST_STEP, total // (BLOCKS * 64)))
        splits = [replace(split, step=step) for split in splits]
        count = max(count, -(-total // (BLOCKS * step)))
    else:
        count = max(count, total // LARGE)
    if count == 1:
        return (tuple(splits),)
    share = -(-total // count)
    with ThreadPoolExecutor(cores) as pool:
        pieces = list(pool.map(lambda each: _cut(store, form, *each), _wanted_cuts(splits, share)))
    flat = [piece for each in pieces for piece in each]
    if engine == "embedded":
        flat = [part for piece, weight in flat for part in _parts(piece, weight)]
    return _grouped(flat, share)


def _parts(piece: Split, weight: int) -> list[tuple[Split, int]]:
    """A piece that could not be cut small enough, for several partitions that read it in turn."""
    if blocks_of(piece) <= BLOCKS + SLACK:
        return [(piece, weight)]
    parts = -(-blocks_of(piece) // BLOCKS)
    return [(replace(piece, part=part, parts=parts), weight // parts) for part in range(parts)]


def _wanted_cuts(splits: Sequence[Split], share: int) -> list[tuple[Split, list[int]]]:
    """For every file the offsets at which a share ends."""
    found = []
    before = 0
    for split in splits:
        first = before // share + 1
        last = (before + split.size - 1) // share
        found.append((split, [number * share - before for number in range(first, last + 1)]))
        before += split.size
    return found


def _cut(store: ObjectStore, form: Format, split: Split, targets: list[int]) -> list[tuple[Split, int]]:
    """Pieces of a file with the bytes that each stands for, and the blocks in it where they can be found."""
    parts = list(pairwise([split.start, *targets, split.end]))
    inner = (
        [at for part in parts for at in _steps(*part, split.step)] if form.in_blocks(store, split.key) else []
    )
    wanted = sorted({*targets, *inner})
    if not wanted:
        return [(split, split.size)]
    found = dict(zip(wanted, form.edges(store, split, wanted), strict=True))
    edges = [split.start, *(found[target] for target in targets), split.end]
    cuts = [(first, last) for first, last in pairwise(edges) if last > first]
    ends = sorted({found[at] for at in inner})
    return [(_piece(split, first, last, ends), split.size // len(cuts)) for first, last in cuts]


def _steps(first: int, last: int, step: int) -> list[int]:
    """Where a part is cut into equal blocks of about ``step`` bytes at most."""
    count = -(-(last - first) // step)
    return [first + (last - first) * number // count for number in range(1, count)]


def _piece(split: Split, first: int, last: int, ends: list[int]) -> Split:
    blocks = tuple(ends[bisect_right(ends, first) : bisect_left(ends, last)])
    longest = max((b - a for a, b in pairwise((first, *blocks, last))), default=0)
    return replace(split, start=first, end=last, blocks=blocks if longest <= 2 * split.step else ())


def _grouped(pieces: list[tuple[Split, int]], share: int) -> tuple[tuple[Split, ...], ...]:
    groups: list[list[Split]] = [[]]
    filled = 0
    for piece, weight in pieces:
        full = filled >= share * len(groups) - share // 8
        if groups[-1] and (full or piece.part):
            groups.append([])
        groups[-1].append(piece)
        filled += weight
    return tuple(tuple(group) for group in groups if group)
