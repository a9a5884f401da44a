"""Ten million rows of CSV in a bucket become Parquet in a bucket: ours, and what others take for it."""

from __future__ import annotations

from pathlib import Path

from measure import Figures, alternate, ratio
from results import Claim, Section, figures_table
from setting import BENCH, HEADRACE, PYTHON, Setting, why_no_spark

from headrace.app.local_s3 import LocalS3
from headrace.storage.objects import open_store

__all__ = ["measure"]

ROWS = 10_000_000
FILES = 4
OURS, POLARS, DLT, SPARK = "headrace, embedded", "Polars", "dlt", "headrace, local Spark"
BODY = """\
{rows:,} rows ({size:.0f} MB of CSV, {files} objects) are read from a bucket and written back as Parquet. The
server, SeaweedFS, runs on the same cores: what it takes is in nobody's CPU and in everybody's wall time. Ours
includes the command line, the run's own process, inferring the schema, counting, staging and publishing all
or nothing; [Polars](moving/on_polars.py) writes one object, straight. The rows that arrived were counted:
{counted}.

{table}
{more}"""


def measure(setting: Setting) -> Section:
    """Wall time against Polars by hand, dlt, and local Spark."""
    rows = setting.rows(ROWS)
    data = setting.data("etl/make_data.py", rows // FILES)
    project = setting.project("moving", pipeline=(BENCH / "moving/pipeline.yaml").read_text())
    with LocalS3(setting.folder / "s3") as server:
        server.create_bucket("raw")
        server.create_bucket("out")
        for number in range(FILES):
            _upload(server, data, f"s3://raw/orders/{number}.csv")
        environment = {
            "STORE_KEY": server.access_key_id,
            "STORE_SECRET": server.secret_access_key.reveal(),
            "STORE_ENDPOINT": server.endpoint,
        }
        (project / "connections.yaml").write_text(
            "store:\n  kind: s3\n  endpoint: ${env:STORE_ENDPOINT}\n  allow_http: true\n"
            "  access_key_id: ${env:STORE_KEY}\n  secret_access_key: ${env:STORE_SECRET}\n"
        )
        found = alternate(
            {
                OURS: _ours(project, "ours", "embedded"),
                POLARS: [
                    PYTHON,
                    str(BENCH / "moving/on_polars.py"),
                    "s3://raw/orders/*.csv",
                    "s3://out/polars",
                ],
            },
            folder=project,
            rounds=min(3, setting.rounds),
            warm_up=setting.warm_up,
            environment=environment,
        )
        others = {DLT: [PYTHON, str(BENCH / "moving/on_dlt.py"), "s3://raw/orders", "*.csv", "s3://out/dlt"]}
        if why_no_spark() is None:
            others[SPARK] = _ours(project, "spark", "spark")
        slow = alternate(others, folder=project, rounds=1, warm_up=0, environment=environment)
        counted = _counted(server, rows, ["ours", "polars", "dlt", *(["spark"] if SPARK in slow else [])])
    return _section(rows, data, found, slow, counted)


def _section(
    rows: int, data: Path, found: dict[str, Figures], slow: dict[str, Figures], counted: str
) -> Section:
    ours = found[OURS]
    claims = [
        Claim.at_most(
            "S3 CSV to Parquet, wall time: ours / Polars by hand",
            ratio(ours.walls, found[POLARS].walls),
            2,
            " ×",
        ),
        Claim.at_least("S3 CSV to Parquet, wall time: dlt / ours", slow[DLT].wall / ours.wall, 3),
    ]
    if SPARK in slow:
        what = "S3 CSV to Parquet, wall time: local Spark / embedded"
        claims.append(Claim.at_least(what, slow[SPARK].wall / ours.wall, 3))
    body = BODY.format(
        rows=rows,
        size=FILES * data.stat().st_size / 2**20,
        files=FILES,
        counted=counted,
        table=figures_table(found),
        more=f"\nOne round each, being slow:\n\n{figures_table(slow)}\n",
    )
    return Section("moving", "From a bucket to a bucket", claims, body)


def _ours(project: Path, target: str, engine: str) -> list[str]:
    words = ["-p", "source=s3://raw/orders/*.csv", "-p", f"target=s3://out/{target}", "--engine", engine]
    return [HEADRACE, "run", str(project / "pipeline.yaml"), *words, "--json"]


def _upload(server: LocalS3, data: Path, location: str) -> None:
    store = open_store(location, server.connection(), data.parent)
    writer = store.writer(store.path)
    with data.open("rb") as file:
        while piece := file.read(8 << 20):
            writer.write(piece)
    writer.close()


def _counted(server: LocalS3, rows: int, targets: list[str]) -> str:
    """Raises ``RuntimeError`` where somebody has lost or doubled rows."""
    import io

    import pyarrow.parquet as pq

    for target in targets:
        store = open_store(f"s3://out/{target}/**/*.parquet", server.connection(), Path())
        found = sum(
            pq.ParquetFile(io.BytesIO(store.read(info.key))).metadata.num_rows
            for info in store.list([store.path])
            if "_dlt" not in info.key
        )
        if found != rows:
            raise RuntimeError(f"{target} has {found:,} rows, not {rows:,}")
    return f"{rows:,} each"
