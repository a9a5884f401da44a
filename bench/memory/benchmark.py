"""Whether memory stays put while the data grows: filter, rename, convert at 5 and at 50 million rows."""

from __future__ import annotations

from etl.benchmark import run_etl
from measure import alternate
from results import Claim, Section, figures_table
from setting import BENCH, Setting, free_gigabytes

__all__ = ["measure"]

SMALL, LARGE = 5_000_000, 50_000_000
DISK_GB = 10
WHAT, TARGET = "peak memory, 50 million rows / 5 million rows", 1.3
BODY = """\
[pipeline.yaml](memory/pipeline.yaml) from CSV to Parquet. The peak is the resident memory of the largest
process, which is the run's own.

{table}
"""


def measure(setting: Setting) -> Section:
    """Peak memory of the same pipeline over ten times the rows."""
    title = "Memory as data grows"
    if not setting.quick and (free := free_gigabytes(setting.folder)) < DISK_GB:
        why = f"{free:.0f} GB of disk are free, {DISK_GB} are needed"
        return Section("memory", title, [Claim.not_run(WHAT, f"≤ {TARGET:g} ×", why)], "")
    sizes = [setting.rows(SMALL), setting.rows(LARGE)]
    data = {size: setting.data("memory/make_data.py", size) for size in sizes}
    project = setting.project("memory", pipeline=(BENCH / "memory/pipeline.yaml").read_text())
    names = {size: f"{size:,} rows, {data[size].stat().st_size / 2**20:,.0f} MB" for size in sizes}
    found = alternate(
        {names[size]: run_etl(project, data[size], project / "out") for size in sizes},
        folder=project,
        rounds=min(3, setting.rounds),
        warm_up=0,
    )
    data[sizes[1]].unlink()  # too large to be kept
    small, large = (found[names[size]].peak for size in sizes)
    claim = Claim.at_most(WHAT, large / small, TARGET, " ×")
    return Section("memory", title, [claim], BODY.format(table=figures_table(found)))
