"""Writes everything a data directory can hold, and reads it back: `records.py write|read|append BOOTSTRAP`."""

import hashlib
import json
import sys
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PARTITIONS = 3
GROUP = "adopted-group"
RECORDS = 3000
VALUE_BYTES = 400
COMPACTED = "adopt-compacted"
TRANSACTIONAL = "adopt-transactional"
TIMEOUT = 30


def codec_topic(codec):
    return f"adopt-{codec}"


def topics():
    return [codec_topic(codec) for codec in CODECS] + [COMPACTED, TRANSACTIONAL]


def create(admin):
    small = {"segment.bytes": "1048576"}
    compacted = {
        **small,
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": "100",
    }
    new = [NewTopic(codec_topic(codec), PARTITIONS, 1, config=small) for codec in CODECS]
    new += [NewTopic(COMPACTED, 1, 1, config=compacted), NewTopic(TRANSACTIONAL, PARTITIONS, 1, config=small)]
    for future in admin.create_topics(new).values():
        future.result(TIMEOUT)


def value(number):
    return (hashlib.sha256(str(number).encode()).hexdigest() * (VALUE_BYTES // 64 + 1))[:VALUE_BYTES]


def fill(bootstrap):
    for codec in CODECS:
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, "linger.ms": 5})
        count = RECORDS * 4 if codec == "none" else RECORDS
        for number in range(count):
            headers = [("codec", codec.encode()), ("empty", b"")]
            producer.produce(codec_topic(codec), key=f"key-{number}", value=value(number), headers=headers)
            producer.poll(0)
        assert producer.flush(TIMEOUT) == 0
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    for number in range(RECORDS * 3):
        body = None if number % 50 == 49 else value(number)
        producer.produce(COMPACTED, key=f"key-{number % 100}", value=body)
        producer.poll(0)
    assert producer.flush(TIMEOUT) == 0


def transact(bootstrap, transactional_id, rounds):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "linger.ms": 5})
    producer.init_transactions(TIMEOUT)
    for number in range(rounds):
        producer.begin_transaction()
        for record in range(20):
            producer.produce(TRANSACTIONAL, key=f"t-{number}", value=f"{number}-{record}", partition=record % PARTITIONS)
        if number % 3 == 2:
            producer.flush(TIMEOUT)
            producer.abort_transaction(TIMEOUT)
        else:
            producer.commit_transaction(TIMEOUT)


def consumer(bootstrap, isolation):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": GROUP,
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "enable.partition.eof": False,
        }
    )


def commit_half(bootstrap):
    member = consumer(bootstrap, "read_committed")
    offsets = []
    for topic in topics():
        for partition in member.list_topics(topic, TIMEOUT).topics[topic].partitions:
            place = TopicPartition(topic, partition)
            _, high = member.get_watermark_offsets(place, TIMEOUT)
            offsets.append(TopicPartition(topic, partition, high // 2, metadata=f"half of {high}"))
    # A coordinator that was just elected refuses until it has read its log.
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            member.commit(offsets=offsets, asynchronous=False)
            break
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise error
            time.sleep(0.5)
    member.close()


def read_partition(bootstrap, topic, partition, isolation):
    reader = consumer(bootstrap, isolation)
    place = TopicPartition(topic, partition)
    low, high = reader.get_watermark_offsets(place, TIMEOUT)
    reader.assign([TopicPartition(topic, partition, low)])
    digest = hashlib.sha256()
    count = 0
    deadline = time.monotonic() + TIMEOUT
    while reader.position([place])[0].offset < high and time.monotonic() < deadline:
        for record in reader.consume(500, 0.5):
            assert record.error() is None, record.error()
            count += 1
            parts = [record.offset(), record.timestamp(), record.key(), record.value(), record.headers()]
            digest.update(repr(parts).encode())
    position = reader.position([place])[0].offset
    reader.close()
    return {"low": low, "high": high, "count": count, "position": position, "sha256": digest.hexdigest()}


def read(bootstrap):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    described = admin.list_topics(timeout=TIMEOUT).topics
    found = {}
    for topic in topics():
        for partition in sorted(described[topic].partitions):
            for isolation in ("read_uncommitted", "read_committed"):
                if isolation == "read_committed" and topic != TRANSACTIONAL:
                    continue
                found[f"{topic}-{partition} {isolation}"] = read_partition(bootstrap, topic, partition, isolation)
    request = [ConsumerGroupTopicPartitions(GROUP)]
    committed = admin.list_consumer_group_offsets(request)[GROUP].result(TIMEOUT).topic_partitions
    found["committed"] = sorted([one.topic, one.partition, one.offset, one.metadata] for one in committed)
    ids = admin.describe_topics(TopicCollection(topics()))
    found["ids"] = {name: str(future.result(TIMEOUT).topic_id) for name, future in ids.items()}
    return found


def append(bootstrap):
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    delivered = {}

    def note(error, record):
        assert error is None, error
        delivered[f"{record.topic()}-{record.partition()}"] = record.offset()

    for topic in topics():
        producer.produce(topic, key="after", value="after", partition=0, on_delivery=note)
    assert producer.flush(TIMEOUT) == 0
    return delivered


def main():
    command, bootstrap = sys.argv[1:3]
    if command == "write":
        create(AdminClient({"bootstrap.servers": bootstrap}))
        fill(bootstrap)
        transact(bootstrap, "adopted-transactions", 30)
        commit_half(bootstrap)
    elif command == "append":
        print(json.dumps(append(bootstrap)))
    else:
        print(json.dumps(read(bootstrap)))


main()
