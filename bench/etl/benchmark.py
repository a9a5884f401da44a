"""Five million orders: drop, rename, cast, filter, aggregate, join back, write; ours and others."""

from __future__ import annotations

import json
import math
from pathlib import Path

from measure import Figures, alternate, finish, ratio
from results import Claim, Section, figures_table
from setting import BENCH, HEADRACE, PYTHON, Setting, why_no_spark

__all__ = ["ROWS", "measure", "run_etl"]

ROWS = 5_000_000
ENDS, STAGES, SAIL, DUCKDB = "headrace, counts: ends", "headrace, counts: stages", "bare Sail", "DuckDB"
EMBEDDED, SPARK = "headrace, embedded", "headrace, local Spark"
BODY = """\
[pipeline.yaml](etl/pipeline.yaml) over {rows:,} rows of CSV ({size:.0f} MB), against the same by hand on
[bare Sail](etl/on_sail.py) and in [DuckDB](etl/on_duckdb.py). Ours includes the command line, the run's own
process, its record, schemas, publishing all or nothing, and counting. The outputs were compared before any
time was believed: {checked}.

{table}
{spark}"""
AGREE = "{rows:,} rows each, equal checksums over all columns, sums of totals equal to 9 digits"


def measure(setting: Setting) -> Section:
    """CPU against the engine alone and DuckDB, wall time against local Spark."""
    rows = setting.rows(ROWS)
    data = setting.data("etl/make_data.py", rows)
    project = setting.project("etl", pipeline=(BENCH / "etl/pipeline.yaml").read_text())
    outputs = {name: project / f"out-{number}" for number, name in enumerate((ENDS, STAGES, SAIL, DUCKDB))}
    found = alternate(
        {
            SAIL: [PYTHON, str(BENCH / "etl/on_sail.py"), str(data), str(outputs[SAIL])],
            ENDS: run_etl(project, data, outputs[ENDS], "--counts", "ends"),
            STAGES: run_etl(project, data, outputs[STAGES], "--counts", "stages"),
            DUCKDB: [PYTHON, str(BENCH / "etl/on_duckdb.py"), str(data), str(outputs[DUCKDB])],
        },
        folder=project,
        rounds=setting.rounds,
        warm_up=setting.warm_up,
    )
    checked = agreement(outputs)
    claims = [
        Claim.at_most(f"ETL, CPU: counts {word} / {theirs}", cpu(found, ours, theirs), limit, " ×")
        for word, ours, theirs, limit in (
            ("ends", ENDS, SAIL, 1.15),
            ("stages", STAGES, SAIL, 1.3),
            ("ends", ENDS, DUCKDB, 2),
        )
    ]
    spark, told = against_spark(setting, project, data)
    size = data.stat().st_size / 2**20
    body = BODY.format(rows=rows, size=size, checked=checked, table=figures_table(found), spark=told)
    return Section("etl", "ETL on five million rows", [*claims, spark], body)


def cpu(found: dict[str, Figures], ours: str, theirs: str) -> float:
    """How many times theirs ours takes."""
    return ratio(found[ours].cpus, found[theirs].cpus)


def run_etl(project: Path, data: Path, output: Path, *more: str) -> list[str]:
    """Our command for it."""
    given = ["-p", f"input={data}", "-p", f"output={output}"]
    return [HEADRACE, "run", str(project / "pipeline.yaml"), *given, *more, "--json"]


def against_spark(setting: Setting, project: Path, data: Path) -> tuple[Claim, str]:
    """The same document on both engines."""
    what = "ETL, wall time: local Spark / embedded"
    reason = why_no_spark()
    if reason is not None:
        return Claim.not_run(what, "≥ 5 ×", reason), ""
    outputs = {EMBEDDED: project / "out-embedded", SPARK: project / "out-spark"}
    found: dict[str, Figures] = alternate(
        {
            EMBEDDED: run_etl(project, data, outputs[EMBEDDED], "--engine", "embedded"),
            SPARK: run_etl(project, data, outputs[SPARK], "--engine", "spark"),
        },
        folder=project,
        rounds=min(3, setting.rounds),
        warm_up=setting.warm_up,
    )
    told = f"\nThe same document on both engines ({agreement(outputs)}):\n\n{figures_table(found)}\n"
    return Claim.at_least(what, ratio(found[SPARK].walls, found[EMBEDDED].walls), 5), told


def agreement(outputs: dict[str, Path]) -> str:
    """Says that all outputs hold the same. Raises ``RuntimeError`` when they do not."""
    found = {
        name: json.loads(finish([PYTHON, str(BENCH / "etl/verify.py"), str(path)], path.parent))
        for name, path in outputs.items()
    }
    first = next(iter(found.values()))
    for each in found.values():
        same = each["rows"] == first["rows"] and each["checksum"] == first["checksum"]
        if not same or not math.isclose(each["total"], first["total"], rel_tol=1e-9):
            raise RuntimeError(f"The outputs differ: {found}")
    return AGREE.format(rows=first["rows"])
