"""The kafka-python clients as every part of this suite uses them."""

import os
import sys

# The exercises lie beside the other Python suite; they know no Kafka client.
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "confluent-python"))

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402

from exercise.sample_records import SampleRecord  # noqa: E402
from exercise.suite import BOOTSTRAP, unique_name, until  # noqa: E402

REQUEST_TIMEOUT_SECONDS = 20
COMMON = {"bootstrap_servers": BOOTSTRAP, "reconnect_backoff_max_ms": 500}


def name(purpose):
    return unique_name("kafka-python", purpose)


def new_admin():
    return KafkaAdminClient(**COMMON)


def new_producer(**settings):
    return KafkaProducer(**{**COMMON, "acks": "all", "allow_auto_create_topics": False, **settings})


def new_consumer(group_id=None, **settings):
    options = {
        "group_id": group_id,
        "session_timeout_ms": 6000,
        "heartbeat_interval_ms": 500,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
        "enable_auto_commit": False,
        "fetch_max_wait_ms": 100,
    }
    return KafkaConsumer(**{**COMMON, **options, **settings})


def create_topic(admin, purpose, partition_count):
    """Returns when every partition answers, which is a moment after the metadata names the leaders."""
    topic = name(purpose)
    admin.create_topics({topic: {"num_partitions": partition_count, "replication_factor": 1}})
    consumer = new_consumer()
    partitions = [TopicPartition(topic, partition) for partition in range(partition_count)]
    until(f"partitions of {topic}", lambda: len(consumer.partitions_for_topic(topic) or ()) == partition_count)
    consumer.end_offsets(partitions)
    consumer.close()
    return topic


def records_of(polled):
    return [record for records in polled.values() for record in records]


def read_topic(topic):
    """Everything below the ends of this moment: records by partition, in offset order."""
    consumer = new_consumer()
    numbers = until(f"partitions of {topic}", lambda: consumer.partitions_for_topic(topic))
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    stored = {partition.partition: [] for partition in partitions}

    def is_complete():
        for record in records_of(consumer.poll(timeout_ms=100)):
            stored[record.partition].append(record)
        return all(consumer.position(partition) >= end for partition, end in ends.items())

    try:
        until(f"reading {topic} to its end", is_complete)
    finally:
        consumer.close()
    return stored


def to_sample_record(record):
    return SampleRecord(record.key, record.value, tuple(record.headers), record.timestamp)
