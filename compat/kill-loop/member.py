"""One member of the consumer group. Prints, each with the time of the machine's clock in front:

`TIME assigned PARTITION`, `TIME read PARTITION OFFSET`, `TIME committed PARTITION OFFSET` (acknowledged by the broker).
"""

import sys
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from worker import CONSUMING, Stop, now, report

COMMIT_EVERY_SECONDS = 0.5

topic = sys.argv[1]
stop = Stop()
positions = {}


def assigned(_consumer, partitions):
    positions.clear()
    for partition in partitions:
        report(now(), "assigned", partition.partition)


def revoked(consumer, _partitions):
    commit(consumer)
    positions.clear()


def commit(consumer):
    if not positions:
        return
    offsets = [TopicPartition(topic, partition, offset) for partition, offset in positions.items()]
    try:
        done = consumer.commit(offsets=offsets, asynchronous=False)
    except KafkaException:
        return  # Not acknowledged, so nothing is claimed: the broker may be down, or the group rebalances.
    for partition in done:
        if partition.error is None:
            report(now(), "committed", partition.partition, partition.offset)


consumer = Consumer(
    {
        **CONSUMING,
        "group.id": f"{topic}-group",
        "group.protocol": "classic",
        "session.timeout.ms": 20000,
        "heartbeat.interval.ms": 500,
    }
)
consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=lambda *_: positions.clear())
commit_due = time.monotonic() + COMMIT_EVERY_SECONDS
while not stop.asked:
    # One at a time: a batch may hold records of partitions that were taken away while it was put together.
    message = consumer.poll(0.1)
    if message is not None and not message.error():
        positions[message.partition()] = message.offset() + 1
        report(now(), "read", message.partition(), message.offset())
    if time.monotonic() >= commit_due:
        commit(consumer)
        commit_due = time.monotonic() + COMMIT_EVERY_SECONDS
        sys.stdout.flush()
commit(consumer)
sys.stdout.flush()
consumer.close()
