"""``python fill.py SERVERS TOPIC ROWS``: sends orders as JSON, by turns to each partition."""

import sys

from confluent_kafka import Producer

servers, topic, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
BLOCK = 10_000
TEXT = '{"id":%d,"customer":"customer-%d","amount":%d.25,"at":"2026-01-31T10:%02d:00Z","paid":true}'
producer = Producer(
    {
        "bootstrap.servers": servers,
        "linger.ms": 50,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 1_000_000,
    }
)
partitions = len(producer.list_topics(topic, timeout=10).topics[topic].partitions)
for first in range(0, rows, BLOCK):
    for number in range(first, min(first + BLOCK, rows)):
        value = TEXT % (number, number % 1000, number % 977, number % 60)
        while True:
            try:
                producer.produce(topic, value, partition=first // BLOCK % partitions)
                break
            except BufferError:
                producer.poll(0.1)
    producer.poll(0)
if producer.flush(120):
    sys.exit("not all messages were taken")
