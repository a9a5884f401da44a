"""Scoring in a pipeline, against the model's own ``predict`` on all rows at once."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path

from measure import Figures, alternate, finish, ratio
from results import Claim, Section, figures_table
from setting import BENCH, HEADRACE, PYTHON, Setting

__all__ = ["measure"]

ROWS, LEARNED_FROM = 5_000_000, 20_000
SCORED, COPIED, BULK = "headrace, scored", "headrace, copied only", "by hand, all at once"
BODY = """\
Gradient boosted trees over eight numbers and a category, on {rows:,} rows from Parquet to Parquet. What
`ml.score_rows` takes is what [the pipeline](scoring/score.yaml) takes beyond
[the same one](scoring/copy.yaml) without it, loading the model included: {added:.2f} s. What `predict` takes
is measured inside [the script](scoring/bulk.py), which holds all rows in memory: {predict:.2f} s. Both gave
equal predictions ({total:.6g} in sum).

{table}
"""


def measure(setting: Setting) -> Section:
    """Wall time, since the question is how well a pipeline uses the machine."""
    rows = setting.rows(ROWS)
    data = setting.data("scoring/make_data.py", rows, suffix=".parquet")
    sample = setting.data("scoring/make_data.py", LEARNED_FROM, suffix=".parquet")
    documents = {name: (BENCH / f"scoring/{name}.yaml").read_text() for name in ("train", "score", "copy")}
    project = setting.project("scoring", **documents)
    finish(command(project, "train", sample, project / "none"), project)
    store, outputs = (
        project / ".headrace/mlflow.db",
        {SCORED: project / "scored", BULK: project / "bulk.parquet"},
    )
    found = alternate(
        {
            SCORED: command(project, "score", data, outputs[SCORED]),
            COPIED: command(project, "copy", data, project / "copied"),
            BULK: [PYTHON, str(BENCH / "scoring/bulk.py"), str(store), str(data), str(outputs[BULK])],
        },
        folder=project,
        rounds=setting.rounds,
        warm_up=setting.warm_up,
    )
    total = equal_totals(outputs, rows)
    added = [
        with_it - without for with_it, without in zip(found[SCORED].walls, found[COPIED].walls, strict=True)
    ]
    predict = [json.loads(said)["seconds"] for said in found[BULK].said]
    body = BODY.format(
        rows=rows,
        added=statistics.median(added),
        predict=statistics.median(predict),
        total=total,
        table=figures_table(found),
    )
    return Section("scoring", "Scoring rows", claims(found, predict, added), body)


def command(project: Path, document: str, data: Path, output: Path) -> list[str]:
    """A run of one of the documents."""
    given = ["-p", f"input={data}", "-p", f"output={output}"]
    return [HEADRACE, "run", str(project / f"{document}.yaml"), *given, "--json"]


def claims(found: dict[str, Figures], predict: list[float], added: list[float]) -> list[Claim]:
    """The stage against ``predict``, and the whole of both."""
    speed = ratio(predict, [max(each, 0.001) for each in added])
    whole = ratio(found[BULK].walls, found[SCORED].walls)
    return [
        Claim.at_least("`ml.score_rows`, speed / the model's own `predict`", speed, 0.8),
        Claim("whole processes, wall time: by hand / ours", f"{whole:.2f} ×", "-", None),
    ]


def equal_totals(outputs: dict[str, Path], rows: int) -> float:
    """The sum of predictions. Raises ``RuntimeError`` when outputs do not agree."""
    found = [
        json.loads(finish([PYTHON, str(BENCH / "scoring/verify.py"), str(path)], path.parent))
        for path in outputs.values()
    ]
    first = found[0]
    for each in found:
        if each["rows"] != rows or not math.isclose(each["total"], first["total"], rel_tol=1e-9):
            raise RuntimeError(f"The outputs differ: {found}")
    return float(first["total"])
