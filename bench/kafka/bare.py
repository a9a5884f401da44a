"""``python bare.py SERVERS TOPIC ROWS tuned|default``: takes every message, and adds up their sizes."""

import sys

from confluent_kafka import Consumer, TopicPartition

servers, topic, rows, how = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
settings = {"bootstrap.servers": servers, "group.id": "bare", "enable.auto.commit": False}
if how == "tuned":
    settings |= {
        "fetch.queue.backoff.ms": 20,
        "fetch.wait.max.ms": 50,
        "queued.max.messages.kbytes": 16_384,
    }
consumer = Consumer(settings)
partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
seen = size = 0
while seen < rows:
    for message in consumer.consume(10_000, timeout=1.0):
        if message.error() is None:
            seen += 1
            size += len(message.value())
consumer.close()
print(seen, size)
