"""Reads all partitions from the beginning, without a group, and prints `record PARTITION OFFSET PRODUCER SEQUENCE`.

With `follow` it goes on until it is told to end, and then up to the end of that moment; with `once` it reads what is there now.
"""

import sys
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from worker import CONSUMING, Stop, fail, report

CATCH_UP_SECONDS = 60

topic, partition_count, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
stop = Stop()
consumer = Consumer({**CONSUMING, "group.id": f"{topic}-reader"})
consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partition_count)])
positions = [0] * partition_count


def read_on():
    for message in consumer.consume(500, 0.1):
        if message.error():
            continue
        producer, partition, sequence, _ = message.value().decode().split(":")
        if int(partition) != message.partition():
            fail(f"a record of partition {partition} stands in {message.partition()}")
        positions[message.partition()] = message.offset() + 1
        report("record", message.partition(), message.offset(), producer, sequence)
    sys.stdout.flush()


def end_of(partition):
    """The broker may have been killed a moment ago, and may not have opened the partition yet."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while True:
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
        except KafkaException as error:
            if time.monotonic() > deadline:
                fail(f"the end of partition {partition}: {error}")
            time.sleep(0.1)


while mode == "follow" and not stop.asked:
    read_on()
ends = [end_of(partition) for partition in range(partition_count)]
deadline = time.monotonic() + CATCH_UP_SECONDS
while any(position < end for position, end in zip(positions, ends)):
    if time.monotonic() > deadline:
        fail(f"stands at {positions}, the ends are {ends}")
    read_on()
for partition, end in enumerate(ends):
    report("end", partition, end)
consumer.close()
