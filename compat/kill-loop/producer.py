"""One idempotent producer, acks=all, five requests in flight: numbers its records by partition, reports each outcome.

Prints `acked PARTITION SEQUENCE OFFSET` for each acknowledgement and `sent PARTITION COUNT` at its end.
"""

import random
import sys
import time

from confluent_kafka import Producer

from worker import COMMON, Stop, fail, report

BURST_RECORDS = 15
BURST_EVERY_SECONDS = 0.04
FLUSH_SECONDS = 90

topic, codec, partition_count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
stop = Stop()
draw = random.Random(seed)
producer = Producer(
    {
        **COMMON,
        "acks": "all",
        "enable.idempotence": True,
        "max.in.flight.requests.per.connection": 5,
        "compression.codec": codec,
        "linger.ms": 5,
        "batch.num.messages": 40,
        "retry.backoff.ms": 50,
        "retry.backoff.max.ms": 500,
        "message.timeout.ms": 240000,
        "socket.timeout.ms": 15000,
    },
    error_cb=lambda error: fail(error) if error.fatal() else None,
)
sent = [0] * partition_count


def acknowledged(partition, sequence):
    def delivered(error, message):
        if error is not None:
            fail(f"{codec}:{partition}:{sequence} was not delivered: {error}")
        report("acked", partition, sequence, message.offset())

    return delivered


while not stop.asked:
    for _ in range(BURST_RECORDS):
        partition = draw.randrange(partition_count)
        sequence = sent[partition]
        sent[partition] += 1
        padding = "abcdefgh" * draw.randrange(1, 40)
        producer.produce(
            topic,
            partition=partition,
            value=f"{codec}:{partition}:{sequence}:{padding}",
            on_delivery=acknowledged(partition, sequence),
        )
    producer.poll(0)
    sys.stdout.flush()
    time.sleep(BURST_EVERY_SECONDS)

left = producer.flush(FLUSH_SECONDS)
if left > 0:
    fail(f"{left} records without an outcome after {FLUSH_SECONDS} seconds")
for partition, count in enumerate(sent):
    report("sent", partition, count)
