"""Kafka: topics and offsets, messages as rows, rows as messages in one transaction."""

from .client import Cluster, kafka_connection
from .encoding import Encoding
from .explorer import KafkaExplorer
from .publish import Delivery, Sending, StagedMessages
from .reading import KafkaReading
from .slices import KafkaTopics, start_of
from .writing import stage_messages

__all__ = [
    "Cluster",
    "Delivery",
    "Encoding",
    "KafkaExplorer",
    "KafkaReading",
    "KafkaTopics",
    "Sending",
    "StagedMessages",
    "kafka_connection",
    "stage_messages",
    "start_of",
]
