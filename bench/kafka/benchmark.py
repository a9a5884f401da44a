"""Messages of a topic become Parquet; beside it, a bare consumer that only takes them."""

from __future__ import annotations

import importlib
import json
import sys

from measure import alternate, finish, ratio
from results import Claim, Section, figures_table
from setting import BENCH, HEADRACE, PYTHON, Setting

__all__ = ["measure"]

ROWS = 5_000_000
PARTITIONS = 4
OURS, BARE, DEFAULT = "headrace, JSON to Parquet", "bare consumer, tuned", "bare consumer, as it comes"
BODY = """\
{rows:,} messages of about 100 bytes of JSON in {partitions} partitions, packed with lz4, one broker of Apache
Kafka on the same cores. Ours parses them into five typed columns, writes Parquet and publishes it, the
command line and the run's own process included. [The bare consumer](kafka/bare.py) is confluent-kafka's, in
lists of 10,000, and does nothing with them but add up their sizes; tuned, it has the properties that ours
sets: the client waits a second before it fetches on when its queue is full, unless `fetch.queue.backoff.ms`
says otherwise.

{table}
"""


def measure(setting: Setting) -> Section:
    """Wall time: the consumer's by ours."""
    sys.path.insert(0, str(BENCH.parent))  # the broker of the tests
    broker = importlib.import_module("tests.servers.kafka").KafkaBroker(setting.folder / "broker")
    rows = setting.rows(ROWS)
    project = setting.project("kafka", keep=(BENCH / "kafka/keep.yaml").read_text())
    with broker.running():
        topic = broker.topic("events", partitions=PARTITIONS)
        finish([PYTHON, str(BENCH / "kafka/fill.py"), broker.servers, topic, str(rows)], project)
        (project / "connections.yaml").write_text(f"events: {{kind: kafka, servers: '{broker.servers}'}}\n")
        bare = [PYTHON, str(BENCH / "kafka/bare.py"), broker.servers, topic, str(rows)]
        found = alternate(
            {
                OURS: [HEADRACE, "run", str(project / "keep.yaml"), "--json"],
                BARE: [*bare, "tuned"],
                DEFAULT: [*bare, "default"],
            },
            folder=project,
            rounds=min(3, setting.rounds),
            warm_up=setting.warm_up,
        )
    for said in found[OURS].said:
        if (written := json.loads(said)["outputs"][0]["rows"]) != rows:
            raise RuntimeError(f"{written} of {rows} rows were written")
    claims = [
        Claim.at_least(
            "Kafka → Parquet, speed / the bare consumer's, tuned",
            ratio(found[BARE].walls, found[OURS].walls),
            0.7,
        ),
        Claim.at_least(
            "Kafka → Parquet, speed / the bare consumer's, as it comes",
            ratio(found[DEFAULT].walls, found[OURS].walls),
            0.7,
        ),
    ]
    body = BODY.format(rows=rows, partitions=PARTITIONS, table=figures_table(found))
    return Section("kafka", "Kafka to Parquet", claims, body)
