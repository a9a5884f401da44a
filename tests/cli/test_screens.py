"""What a person reads in a terminal: plans, rates, numbers and comparisons."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from headrace.app.examples import examples
from headrace.app.progress import number, sentence
from headrace.cli import live, output
from headrace.cli.live import RunView
from headrace.cli.screens import comparison, explanation


def stages(**sources: str) -> Any:
    return tuple(
        SimpleNamespace(name=name, inputs=dict(enumerate(filter(None, lanes.split()))))
        for name, lanes in sources.items()
    )


def drawn(**sources: str) -> list[str]:
    return explanation.draw(stages(**sources))


def test_a_branch_moves_to_the_right_and_the_way_on_stays() -> None:
    assert drawn(load="", label="load", train="label", archive="label", promote="train") == [
        "● load",
        "● label      ◂ load",
        "├─● train    ◂ label",
        "│ ● promote  ◂ train",
        "● archive    ◂ label",
    ]


def test_a_stage_is_drawn_below_everything_it_reads_from() -> None:
    lines = drawn(a="", b="a", c="a", d="b", both="c d", out="both split.test", split="c")
    names = [line.replace("├─", "").replace("│ ", "").split()[1] for line in lines]
    assert sorted(names) == ["a", "b", "both", "c", "d", "out", "split"]
    assert max(map(names.index, "cd")) < names.index("both") < names.index("out")
    assert names.index("split") < names.index("out")


def test_a_long_chain_stays_narrow() -> None:
    chain = {f"s{n}": f"s{n - 1}" if n else "" for n in range(2_000)}
    assert max(map(len, drawn(**chain))) < 40


@pytest.mark.parametrize(
    ("value", "shown"),
    [(138532.4, "138,532"), (0.875531, "0.8755"), (12, "12"), (1234567, "1,234,567"), (2.5e20, "2.5e+20")],
)
def test_a_number_is_written_as_people_write_it(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_decision_is_a_sentence() -> None:
    event = {"event": "promotion_decided", "model": "housing", "version": 2, "reason": "Kept: it is worse."}
    assert sentence(event) == "housing version 2 kept: it is worse."


def test_a_rate_is_that_of_the_rows_and_not_of_the_work_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    view = RunView()
    kinds = [["train", "ml.train_model"]]
    view.take(
        {
            "event": "run_started",
            "pipeline": "p",
            "engine": "e",
            "run_id": "r",
            "why_engine": "",
            "stages": kinds,
        }
    )
    view.take({"event": "stage_started", "stage": "train"})
    counted = {"rows_in": 8_000, "rows_out": None, "error_rows": None}
    view.take({"event": "rows_counted", "stage": "train", **counted})
    screen = Console(file=io.StringIO(), width=100)
    screen.print(view)
    screen.print(view)
    shown = [line.split() for line in screen.file.getvalue().splitlines() if "ml.train_model" in line]  # type: ignore[attr-defined]
    assert [(line[3], line[5]) for line in shown] == [("8,000", "8,000")] * 2, "rows in, rows a second"


def test_a_comparison_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), width=80)
    monkeypatch.setattr(comparison, "OUT", screen)
    digest = "sha256:" + "0123456789abcdef" * 4
    rows: list[dict[str, Any]] = [
        {"section": "parameters", "name": "max_iter", "a": "10", "b": "20"},
        {"section": "metrics", "name": "rmse", "a": 138532.4, "b": 128586.1, "better": "b"},
        {"section": "data", "name": "input s3://raw/housing/" + "houses" * 9, "a": None, "b": digest},
    ]
    notes = [
        "The holdouts differ, so each version's metrics are on rows that the other has not been asked about."
    ]
    comparison.show_comparison({"a": "version 1", "b": "version 2", "rows": rows, "notes": notes})
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 80
    assert "note The holdouts differ" in text
    assert "138,532" in text
    assert "better ▸" in text
    assert "sha256:0123456789ab…" in text


def test_the_examples_that_init_offers_are_there() -> None:
    from typer.main import get_command

    from headrace.cli.main import app

    option = next(each for each in get_command(app).commands["init"].params if each.name == "example")  # type: ignore[attr-defined]
    offered = option.help.partition(": ")[2].rstrip(".").replace(" or ", ", ").split(", ")
    assert offered == examples()


def test_a_count_that_is_not_known_is_a_dash() -> None:
    assert [output.count(rows) for rows in (None, 0, 12_345)] == ["–", "0", "12,345"]
