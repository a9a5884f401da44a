"""Only the columns that somebody needs are read, and no result changes by that."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any


def test_results_and_counts_are_those_of_whole_rows(place: Any) -> None:
    rows = [(n, f"c{n % 3}", n * 10, n % 5, f"note, {n}") for n in range(500)]
    place.write(
        "in.csv", "id,city,price,rooms,note\n" + "".join(f'{a},{b},{c},{d},"{e}"\n' for a, b, c, d, e in rows)
    )
    place.pipeline(
        "  load: {type: origin.files, path: in.csv}\n"
        "  drop: {type: processor.remove_fields, from: load, fields: [note]}\n"
        "  name: {type: processor.rename_fields, from: drop, rename: {price: cost}}\n"
        "  big: {type: processor.filter, from: name, condition: rooms > 1}\n"
        "  totals: {type: processor.aggregate, from: big, group_by: [city], aggregates: {total: sum(cost)}}\n"
        "  joined: {type: processor.join, from: {left: big, right: totals}, on: [city]}\n"
        "  out: {type: destination.files, from: joined, path: out, format: csv}\n"
    )
    result = place.run()
    kept = [row for row in rows if row[3] > 1]
    totals = {town: sum(row[2] for row in kept if row[1] == town) for town in ("c0", "c1", "c2")}
    (path,) = Path(place.folder / "out").glob("part*.csv")
    with path.open(newline="") as file:
        found = sorted(csv.reader(file))[:-1]
    assert found == sorted([str(a), b, str(c), str(d), str(totals[b])] for a, b, c, d, _ in kept)
    counts = {each["name"]: (each["rows_in"], each["rows_out"]) for each in result["stages"]}
    assert (counts["load"], counts["big"], counts["totals"]) == ((None, 500), (500, 300), (300, 3))


def test_a_value_that_nobody_reads_stops_nobody(place: Any) -> None:
    place.write("in.csv", "id,price\n1,10\n2,free\n")
    load = "  load: {type: origin.files, path: in.csv, schema: {id: bigint, price: bigint}}\n"
    place.pipeline(
        load + "  keep: {type: processor.keep_fields, from: load, fields: [id]}\n"
        "  out: {type: destination.discard, from: keep}\n"
    )
    assert place.run()["state"] == "finished"
    place.pipeline(load + "  out: {type: destination.discard, from: load}\n")
    assert place.run()["error"]["code"] == "bad-row"
