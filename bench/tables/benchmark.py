"""A CSV file becomes a Delta table: ours, and delta-rs by hand."""

from __future__ import annotations

from pathlib import Path

from measure import Figures, alternate, ratio
from results import Claim, Section, figures_table
from setting import BENCH, HEADRACE, PYTHON, Setting

__all__ = ["measure"]

ROWS = 5_000_000
OURS, BARE = "headrace, embedded", "delta-rs by hand"
BODY = """\
{rows:,} rows ({size:.0f} MB of CSV on a local disk) become a Delta table that is overwritten each time.
Ours includes the command line, the run's own process, inferring the schema, counting, staging, and the commit
with the batch's identity; [by hand](tables/on_delta_rs.py) pyarrow streams into delta-rs. The rows of both
tables were counted.

{table}
"""


def measure(setting: Setting) -> Section:
    """Wall time and CPU against the bare library."""
    rows = setting.rows(ROWS)
    data = setting.data("etl/make_data.py", rows)
    project = setting.project("tables", pipeline=(BENCH / "tables/pipeline.yaml").read_text())
    pipeline = str(project / "pipeline.yaml")
    found = alternate(
        {
            OURS: [HEADRACE, "run", pipeline, "-p", f"source={data}", "--engine", "embedded", "--json"],
            BARE: [PYTHON, str(BENCH / "tables/on_delta_rs.py"), str(data), str(project / "bare")],
        },
        folder=project,
        rounds=min(3, setting.rounds),
        warm_up=setting.warm_up,
    )
    for target in ("ours", "bare"):
        _check(project / target, rows)
    return _section(rows, data, found)


def _section(rows: int, data: Path, found: dict[str, Figures]) -> Section:
    walls = ratio(found[OURS].walls, found[BARE].walls)
    claims = [Claim.at_most("CSV to Delta, wall time: ours / delta-rs by hand", walls, 2, " ×")]
    body = BODY.format(rows=rows, size=data.stat().st_size / 2**20, table=figures_table(found))
    return Section("tables", "From a file to a Delta table", claims, body)


def _check(table: Path, rows: int) -> None:
    """Raises ``RuntimeError`` where somebody has lost or doubled rows."""
    from deltalake import DeltaTable

    found = DeltaTable(str(table)).count()
    if found != rows:
        raise RuntimeError(f"{table} has {found} rows instead of {rows}")
