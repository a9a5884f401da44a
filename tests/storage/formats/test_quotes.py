"""Where records end, compared with a parser that looks at one letter after the other."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from headrace.storage.formats import edges
from headrace.storage.formats.quotes import QuoteStyle
from headrace.storage.objects import open_store


def by_letter(block: bytes) -> list[int]:
    """Starts of records, by the plain rule: a quote opens at a field's start, a doubled one stays inside."""
    starts, at, inside, fresh = [0], 0, False, True
    while at < len(block):
        letter = block[at : at + 1]
        if inside:
            if letter == b'"':
                if block[at + 1 : at + 2] == b'"':
                    at += 1
                else:
                    inside = False
        elif letter == b'"' and fresh:
            inside = True
        elif letter == b"\n":
            starts.append(at + 1)
        fresh = not inside and letter in (b",", b"\n", b"\r")
        at += 1
    return [start for start in starts if start < len(block)]


@pytest.mark.parametrize("seed", range(300))
def test_records_end_where_reading_letter_by_letter_says(seed: int) -> None:
    draw = random.Random(seed)
    letters = (
        ['"', '"', ",", "\n", "a", "ü", '""', '"x,\ny"', "\r\n"] if seed % 2 else ['"x\n"', ",", "\n", "a"]
    )
    block = "".join(draw.choice(letters) for _ in range(draw.randint(1, 60))).encode()
    style = QuoteStyle()
    starts = by_letter(block)
    ended = [start for start in starts if start] + ([len(block)] if _ends(block) else [])
    assert style.last_end(block) == (ended[-1] if ended else 0)
    filled = [
        s for s in starts if block[s : s + 1] != b"\n" and block[s : s + 2] != b"\r\n" and block[s:] != b"\r"
    ]
    assert style.starts(block).tolist() == filled
    for target in range(1, len(block)):
        expected = next((start for start in starts if start >= target), len(block) if _ends(block) else None)
        assert style.first_start(block, target) == expected


def _ends(block: bytes) -> bool:
    return len(by_letter(block + b"z")) > len(by_letter(block)) and block.endswith(b"\n")


@pytest.mark.parametrize("seed", range(120))
def test_a_file_is_cut_at_records_whatever_its_chunks(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    letters = ["a", ",", "\n", "b", "c\n"] + ['"x\ny"', '"', '"p""q"'] * (seed % 3 > 0)
    block = "".join(draw.choice(letters) for _ in range(draw.randint(1, 200))).encode()
    path = tmp_path / "a.csv"
    path.write_bytes(block)
    monkeypatch.setattr(edges, "STEP", draw.randint(1, 30))
    targets = sorted(draw.sample(range(1, len(block) + 1), k=min(len(block), 6)))
    starts = [*by_letter(block), len(block)]
    wanted = [next(start for start in starts if start >= target) for target in targets]
    store = open_store(str(path), None, tmp_path)
    assert edges.record_edges(store, str(path), len(block), QuoteStyle(), targets) == wanted
