"""confluent-kafka for Python, that is librdkafka 2, against a broker that must not notice the difference."""

import os

from confluent_kafka import ConsumerGroupState, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType

from connection import (
    ADMIN,
    REQUEST_TIMEOUT_SECONDS,
    completed,
    create_topic,
    end_offsets,
    name,
    new_consumer,
    new_producer,
    partition_count_of,
    read_topic,
    to_sample_record,
)
from exercise.group_exercise import run_group_exercise
from exercise.idempotence_exercise import run_idempotence_exercise
from exercise.sample_records import assert_same_records, sample_records
from exercise.suite import check, finish, refused, restart_broker, same, until

OVER_MAX_MESSAGE_BYTES = 1_500_000
BASE_TIMESTAMP = 1_700_000_000_000


def has_code(code):
    return lambda error: isinstance(error, KafkaException) and error.args[0].code() == code


def deliver(producer, topic, records):
    """Produces (partition, value, options) records and raises what the broker refused."""
    errors = []

    def settle(error, _message):
        if error is not None:
            errors.append(error)

    for partition, value, options in records:
        producer.produce(topic, value, partition=partition, on_delivery=settle, **options)
    same(producer.flush(REQUEST_TIMEOUT_SECONDS), 0, "records left after the flush")
    if errors:
        raise KafkaException(errors[0])


def check_codec(codec):
    topic = create_topic(f"codec-{codec}", 3)
    producer = new_producer(compression_type=codec, linger_ms=20)
    records = [
        (partition, record.value, {"key": record.key, "headers": list(record.headers), "timestamp": record.timestamp})
        for partition in range(3)
        for record in sample_records(partition)
    ]
    deliver(producer, topic, records)
    stored = read_topic(topic, 3)
    for partition in range(3):
        assert_same_records([to_sample_record(message) for message in stored[partition]], sample_records(partition))


def check_topic_life():
    topic = name("admin")
    completed(ADMIN.create_topics([NewTopic(topic, 2, 1, config={"retention.ms": "3600000"})]))
    refused(
        lambda: completed(ADMIN.create_topics([NewTopic(topic, 2, 1)])), has_code(KafkaError.TOPIC_ALREADY_EXISTS)
    )
    completed(ADMIN.create_partitions([NewPartitions(topic, 3)]))
    until("three partitions", lambda: partition_count_of(topic) == 3)
    resource = ConfigResource(ResourceType.TOPIC, topic)
    (settings,) = completed(ADMIN.describe_configs([resource])).values()
    same([settings[key].value for key in ("retention.ms", "cleanup.policy")], ["3600000", "delete"])
    listed = lambda: topic in ADMIN.list_topics(timeout=REQUEST_TIMEOUT_SECONDS).topics
    same(listed(), True, "listed")
    completed(ADMIN.delete_topics([topic]))
    until("the end of the topic", lambda: not listed())
    refused(lambda: completed(ADMIN.delete_topics([topic])), has_code(KafkaError.UNKNOWN_TOPIC_OR_PART))


def check_offsets_by_time():
    topic = create_topic("times", 1)
    deliver(new_producer(), topic, [(0, b"x", {"timestamp": BASE_TIMESTAMP + step * 1000}) for step in range(3)])
    consumer = new_consumer(name("times"))
    offset_at = lambda timestamp: consumer.offsets_for_times([TopicPartition(topic, 0, timestamp)])[0].offset
    same(offset_at(BASE_TIMESTAMP - 5), 0)
    same(offset_at(BASE_TIMESTAMP + 1000), 1)
    same(offset_at(BASE_TIMESTAMP + 1001), 2)
    same(offset_at(BASE_TIMESTAMP + 9000), -1, "after the last record")
    same(consumer.get_watermark_offsets(TopicPartition(topic, 0)), (0, 3))
    consumer.close()
    spec = {TopicPartition(topic, 0): OffsetSpec.max_timestamp()}
    (newest,) = completed(ADMIN.list_offsets(spec)).values()
    same((newest.offset, newest.timestamp), (2, BASE_TIMESTAMP + 2000), "record with the largest timestamp")


def check_group_administration():
    group_id, topic = name("admin-group"), create_topic("admin-group", 1)
    consumer = new_consumer(group_id)
    consumer.subscribe([topic])
    until("the assignment", lambda: (consumer.poll(0.1), consumer.assignment())[1])
    (described,) = completed(ADMIN.describe_consumer_groups([group_id])).values()
    same((described.state, len(described.members)), (ConsumerGroupState.STABLE, 1))
    same([(p.topic, p.partition) for p in described.members[0].assignment.topic_partitions], [(topic, 0)])
    refused(lambda: completed(ADMIN.delete_consumer_groups([group_id])), has_code(KafkaError.NON_EMPTY_GROUP))
    consumer.commit(offsets=[TopicPartition(topic, 0, 7)], asynchronous=False)
    consumer.close()
    listed = ADMIN.list_consumer_groups().result(timeout=REQUEST_TIMEOUT_SECONDS)
    same(group_id in [group.group_id for group in listed.valid], True, "listed")
    completed(ADMIN.delete_consumer_groups([group_id]))
    listed = ADMIN.list_consumer_groups().result(timeout=REQUEST_TIMEOUT_SECONDS)
    same(group_id in [group.group_id for group in listed.valid], False, "still listed")


def check_unknown_topic():
    consumer = new_consumer(name("nowhere"))
    consumer.subscribe([name("nowhere")])
    message = until("the error", lambda: consumer.poll(0.1))
    consumer.close()
    same(message.error().code(), KafkaError.UNKNOWN_TOPIC_OR_PART)
    topic = create_topic("partition", 2)
    refused(lambda: deliver(new_producer(), topic, [(7, b"x", {})]), has_code(KafkaError._UNKNOWN_PARTITION))


def check_too_large():
    topic = create_topic("large", 1)
    producer = new_producer(message_max_bytes=4_000_000)
    refused(
        lambda: deliver(producer, topic, [(0, os.urandom(OVER_MAX_MESSAGE_BYTES), {})]),
        has_code(KafkaError.MSG_SIZE_TOO_LARGE),
    )
    same(end_offsets(topic, 1), {0: 0}, "nothing was stored")


def check_out_of_range():
    topic = create_topic("range", 1)
    consumer = new_consumer(name("range"), auto_offset_reset="error")
    consumer.assign([TopicPartition(topic, 0, 4711)])
    message = until("the error", lambda: consumer.poll(0.1))
    consumer.close()
    same(message.error().code(), KafkaError._AUTO_OFFSET_RESET)
    same("Offset out of range" in message.error().str(), True, message.error().str())


def check_foreign_commit():
    """librdkafka commits only under its own generation; outside the group it has none, and that is refused."""
    group_id, topic = name("foreign"), create_topic("foreign", 1)
    member, stranger = new_consumer(group_id), new_consumer(group_id)
    member.subscribe([topic])
    until("the assignment", lambda: (member.poll(0.1), member.assignment())[1])
    offsets = [TopicPartition(topic, 0, 5)]
    refused(
        lambda: stranger.commit(offsets=offsets, asynchronous=False), has_code(KafkaError.UNKNOWN_MEMBER_ID)
    )
    same(member.committed([TopicPartition(topic, 0)])[0].offset, -1001, "nothing was committed")
    member.close()
    stranger.commit(offsets=offsets, asynchronous=False)
    same(stranger.committed([TopicPartition(topic, 0)])[0].offset, 5, "committed once the group is empty")
    stranger.close()


def check_fencing():
    group_id, topic = name("fence"), create_topic("fence", 1)
    first = new_consumer(group_id, group_instance_id="only-one")
    first.subscribe([topic])
    until("the first assignment", lambda: (first.poll(0.1), first.assignment())[1])
    second = new_consumer(group_id, group_instance_id="only-one")
    second.subscribe([topic])

    def fenced():
        second.poll(0.05)
        message = first.poll(0.05)
        return message is not None and message.error() is not None and message.error()

    error = until("the fencing of the first", fenced)
    same(error.code(), KafkaError._FATAL)
    same("fenced" in error.str(), True, error.str())
    first.close()
    second.close()


def exercise_group():
    topic = create_topic("group", 6)
    producer = new_producer()
    produce = lambda values: deliver(producer, topic, [(index % 6, value, {}) for index, value in enumerate(values)])
    run_group_exercise(6, ["member.py", topic, name("group")], produce)


def check_offsets_over_restart():
    topic, group_id = create_topic("restart", 2), name("restart")
    producer = new_producer()
    produce = lambda numbers: deliver(producer, topic, [(p, str(n), {}) for n in numbers for p in (0, 1)])
    produce(range(20))
    consumer = new_consumer(group_id)
    consumer.commit(offsets=[TopicPartition(topic, 0, 5), TopicPartition(topic, 1, 12)], asynchronous=False)
    consumer.subscribe([topic])
    until("the assignment", lambda: (consumer.poll(0.05), len(consumer.assignment()) == 2)[1])
    consumer.close()
    consumer = new_consumer(group_id)
    restart_broker()
    seen = {0: [], 1: []}

    def read_until(end):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            seen[message.partition()].append(int(message.value()))
            consumer.commit(message, asynchronous=False)
        return all(numbers and numbers[-1] == end for numbers in seen.values())

    consumer.subscribe([topic])
    until("reading on from the committed offsets", lambda: read_until(19))
    produce(range(20, 25))
    until("reading what came after the restart", lambda: read_until(24))
    same(seen, {0: list(range(5, 25)), 1: list(range(12, 25))})
    committed = consumer.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)])
    same([partition.offset for partition in committed], [25, 25])
    consumer.close()


def exercise_idempotence():
    topic = create_topic("idempotence", 3)
    producer = new_producer(enable_idempotence=True, linger_ms=1, retry_backoff_ms=50)

    def send(partition, value, settle):
        producer.produce(topic, value, partition=partition, on_delivery=lambda error, _: settle(error))
        producer.poll(0)

    def read_all():
        stored = read_topic(topic, 3)
        return {partition: [message.value().decode() for message in messages] for partition, messages in stored.items()}

    run_idempotence_exercise(send, lambda: producer.flush(60), read_all)


for codec_name in ("none", "gzip", "snappy", "lz4", "zstd"):
    check(f"records come back byte for byte, codec {codec_name}", lambda: check_codec(codec_name))
check("topics are created, described, listed, grown and deleted", check_topic_life)
check("offsets are found by timestamp", check_offsets_by_time)
check("groups are described, listed and deleted", check_group_administration)
check("an unknown topic and an unknown partition are errors", check_unknown_topic)
check("a record over the size limit is refused and not stored", check_too_large)
check("a start offset out of range is reported", check_out_of_range)
check("a commit from outside a living group is refused", check_foreign_commit)
check("a static member is fenced by its successor", check_fencing)
exercise_group()
check("committed offsets survive a restart, and the consumer goes on", check_offsets_over_restart)
exercise_idempotence()
finish()
