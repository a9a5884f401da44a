"""What counting costs: the ETL with rows counted after every stage, at its ends, and not at all."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from etl.benchmark import ROWS, run_etl
from measure import alternate
from results import Claim, Section, figures_table
from setting import BENCH, Setting

__all__ = ["measure"]

BODY = """\
The pipeline of the section on ETL, over {rows:,} rows. The share is what counting adds, of the whole run's
CPU.

{table}
"""


def measure(setting: Setting) -> Section:
    """CPU of the same run three times."""
    rows = setting.rows(ROWS)
    data = setting.data("etl/make_data.py", rows)
    project = setting.project("counts", pipeline=(BENCH / "etl/pipeline.yaml").read_text())
    found = alternate(
        {how: run_etl(project, data, project / "out", "--counts", how) for how in ("off", "ends", "stages")},
        folder=project,
        rounds=setting.rounds,
        warm_up=setting.warm_up,
    )
    off = found["off"].cpus
    claims = [
        Claim.at_most("counts at every stage, share of CPU", share(found["stages"].cpus, off), 20, " %"),
        Claim.at_most("counts at the ends, share of CPU", share(found["ends"].cpus, off), 5, " %"),
    ]
    shown = {f"counts: {how}": figures for how, figures in found.items()}
    body = BODY.format(rows=rows, table=figures_table(shown))
    return Section("counts", "What counting rows costs", claims, body)


def share(counted: Sequence[float], off: Sequence[float]) -> float:
    """Percent of a run's CPU that it would not have needed."""
    return 100 * statistics.median(1 - b / a for a, b in zip(counted, off, strict=True))
