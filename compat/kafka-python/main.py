"""kafka-python 3, and for old habits 2.0.2, against a broker that must not notice the difference."""

import json
import os
import subprocess

from connection import (
    REQUEST_TIMEOUT_SECONDS,
    create_topic,
    name,
    new_admin,
    new_consumer,
    new_producer,
    read_topic,
    records_of,
    to_sample_record,
)
from exercise.group_exercise import run_group_exercise
from exercise.idempotence_exercise import run_idempotence_exercise
from exercise.sample_records import assert_same_records, sample_records
from exercise.suite import BOOTSTRAP, check, finish, refused, restart_broker, same, until
from kafka import TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.protocol.consumer import OffsetCommitRequest
from kafka.structs import OffsetAndMetadata

OVER_MAX_MESSAGE_BYTES = 1_500_000
BASE_TIMESTAMP = 1_700_000_000_000
OLD_PYTHON = "../.cache/kafka-python-2.0.2/bin/python"
admin = new_admin()


def is_a(kind):
    return lambda error: isinstance(error, kind)


def deliver(producer, topic, records):
    """Produces (partition, value, options) records and raises what the broker refused."""
    futures = [producer.send(topic, value, partition=partition, **options) for partition, value, options in records]
    producer.flush(timeout=REQUEST_TIMEOUT_SECONDS)
    return [future.get(timeout=REQUEST_TIMEOUT_SECONDS) for future in futures]


def at(offset):
    return OffsetAndMetadata(offset, "", -1)


def joined(consumer):
    return lambda: (consumer.poll(timeout_ms=500), consumer.assignment())[1]


def known_records(seed):
    """This client cannot send header values that are null."""
    records = sample_records(seed)
    return [record._replace(headers=tuple(h for h in record.headers if h[1] is not None)) for record in records]


def check_codec(codec):
    topic = create_topic(admin, f"codec-{codec}", 3)
    producer = new_producer(compression_type=codec, linger_ms=20)
    records = [
        (
            partition,
            record.value,
            {"key": record.key, "headers": list(record.headers), "timestamp_ms": record.timestamp},
        )
        for partition in range(3)
        for record in known_records(partition)
    ]
    deliver(producer, topic, records)
    producer.close()
    stored = read_topic(topic)
    for partition in range(3):
        assert_same_records([to_sample_record(record) for record in stored[partition]], known_records(partition))


def check_topic_life():
    topic = name("admin")
    wanted = {topic: {"num_partitions": 2, "replication_factor": 1, "configs": {"retention.ms": "3600000"}}}
    admin.create_topics(wanted)
    refused(lambda: admin.create_topics(wanted), is_a(errors.TopicAlreadyExistsError))
    admin.create_partitions({topic: 3})
    until("three partitions", lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 3)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    settings = admin.describe_configs([resource], config_filter="all")["topic"][topic]
    same([settings[key]["value"] for key in ("retention.ms", "cleanup.policy")], ["3600000", "delete"])
    same(topic in admin.list_topics(), True, "listed")
    admin.delete_topics([topic])
    until("the end of the topic", lambda: topic not in admin.list_topics())
    refused(lambda: admin.delete_topics([topic]), is_a(errors.UnknownTopicOrPartitionError))


def check_offsets_by_time():
    topic = create_topic(admin, "times", 1)
    producer = new_producer()
    deliver(producer, topic, [(0, b"x", {"timestamp_ms": BASE_TIMESTAMP + step * 1000}) for step in range(3)])
    producer.close()
    partition = TopicPartition(topic, 0)
    consumer = new_consumer()
    found_at = lambda timestamp: consumer.offsets_for_times({partition: timestamp})[partition]
    same(found_at(BASE_TIMESTAMP - 5)[:2], (0, BASE_TIMESTAMP))
    same(found_at(BASE_TIMESTAMP + 1000)[:2], (1, BASE_TIMESTAMP + 1000))
    same(found_at(BASE_TIMESTAMP + 1001)[:2], (2, BASE_TIMESTAMP + 2000))
    same(found_at(BASE_TIMESTAMP + 9000), None, "after the last record")
    same((consumer.beginning_offsets([partition]), consumer.end_offsets([partition])), ({partition: 0}, {partition: 3}))
    consumer.close()


def check_group_administration():
    group_id, topic = name("admin-group"), create_topic(admin, "admin-group", 1)
    partition = TopicPartition(topic, 0)
    consumer = new_consumer(group_id)
    consumer.subscribe([topic])
    until("the assignment", joined(consumer))
    described = admin.describe_groups([group_id])[group_id]
    same((described["group_state"], len(described["members"])), ("Stable", 1))
    consumer.commit({partition: at(7)})
    consumer.close()
    same(admin.list_group_offsets({group_id: [partition]})[group_id][partition].offset, 7)
    listed = lambda: group_id in [group["group_id"] for group in admin.list_groups()]
    same(listed(), True, "listed")
    admin.delete_groups([group_id])
    same(listed(), False, "still listed")


def check_unknown_topic():
    topic = name("nowhere")
    (described,) = admin.describe_topics([topic])
    same(described["error_code"], errors.UnknownTopicOrPartitionError.errno)
    refused(lambda: admin.create_partitions({topic: 3}), is_a(errors.UnknownTopicOrPartitionError))
    same(topic in admin.list_topics(), False, "asking created it")


def check_too_large():
    topic = create_topic(admin, "large", 1)
    producer = new_producer(max_request_size=4_000_000, batch_size=4_000_000)
    refused(
        lambda: deliver(producer, topic, [(0, os.urandom(OVER_MAX_MESSAGE_BYTES), {})]),
        is_a(errors.MessageSizeTooLargeError),
    )
    producer.close()
    # The idempotent producer of this client does not recover from the refusal, so another one goes on.
    producer = new_producer()
    same(deliver(producer, topic, [(0, b"small", {})])[0].offset, 0, "offset of the first record that fits")
    producer.close()


def check_out_of_range():
    topic = create_topic(admin, "range", 1)
    consumer = new_consumer(auto_offset_reset="none")
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 4711)
    refused(lambda: until("the error", lambda: consumer.poll(timeout_ms=100)), is_a(errors.OffsetOutOfRangeError))
    consumer.close()


def check_generation():
    """The client never commits under an old generation by itself, so the request is made by hand."""
    group_id, topic = name("generation"), create_topic(admin, "generation", 1)
    consumer = new_consumer(group_id)
    consumer.subscribe([topic])
    until("the assignment", joined(consumer))
    membership = consumer.group_metadata()
    Topic = OffsetCommitRequest.OffsetCommitRequestTopic
    Partition = Topic.OffsetCommitRequestPartition

    def commit(generation_id, member_id):
        partition = Partition(partition_index=0, committed_offset=5, committed_leader_epoch=-1, committed_metadata="")
        request = OffsetCommitRequest(
            group_id=group_id,
            generation_id_or_member_epoch=generation_id,
            member_id=member_id,
            group_instance_id=None,
            topics=[Topic(name=topic, partitions=[partition])],
            max_version=8,
        )
        # Sent through the admin client, because the consumer's own connection belongs to its heartbeat thread.
        async def send():
            return await admin._manager.send(request)

        response = admin._manager.run(send)
        return errors.for_code(response.topics[0].partitions[0].error_code)

    same(commit(membership.generation_id + 7, membership.member_id), errors.IllegalGenerationError)
    same(commit(membership.generation_id, "somebody-else"), errors.UnknownMemberIdError)
    same(consumer.committed(TopicPartition(topic, 0)), None, "committed offset")
    same(commit(membership.generation_id, membership.member_id), errors.NoError)
    same(consumer.committed(TopicPartition(topic, 0)), 5, "committed offset")
    consumer.close()


def exercise_group():
    topic = create_topic(admin, "group", 6)
    producer = new_producer()
    produce = lambda values: deliver(
        producer, topic, [(index % 6, value.encode(), {}) for index, value in enumerate(values)]
    )
    run_group_exercise(6, ["member.py", topic, name("group")], produce)
    producer.close()


def check_offsets_over_restart():
    topic, group_id = create_topic(admin, "restart", 2), name("restart")
    partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    producer = new_producer()
    produce = lambda numbers: deliver(producer, topic, [(p, b"%d" % n, {}) for n in numbers for p in (0, 1)])
    produce(range(20))
    committer = new_consumer(group_id)
    committer.assign(partitions)
    committer.commit({partitions[0]: at(5), partitions[1]: at(12)})
    committer.close()
    consumer = new_consumer(group_id)
    consumer.subscribe([topic])
    restart_broker()
    seen = {0: [], 1: []}

    def read_until(end):
        for record in records_of(consumer.poll(timeout_ms=100)):
            seen[record.partition].append(int(record.value))
        return all(numbers and numbers[-1] == end for numbers in seen.values())

    until("reading on from the committed offsets", lambda: read_until(19))
    produce(range(20, 25))
    until("reading what came after the restart", lambda: read_until(24))
    same(seen, {0: list(range(5, 25)), 1: list(range(12, 25))})
    consumer.commit()
    same([consumer.committed(partition) for partition in partitions], [25, 25])
    consumer.close()
    producer.close()


def exercise_idempotence():
    topic = create_topic(admin, "idempotence", 3)
    producer = new_producer(enable_idempotence=True, linger_ms=1, delivery_timeout_ms=180_000, request_timeout_ms=20_000)

    def send(partition, value, settle):
        future = producer.send(topic, value.encode(), partition=partition)
        future.add_callback(lambda _: settle(None))
        future.add_errback(settle)

    def read_all():
        stored = read_topic(topic)
        return {partition: [record.value.decode() for record in records] for partition, records in stored.items()}

    run_idempotence_exercise(send, lambda: producer.flush(timeout=60), read_all)
    producer.close()


def check_old_release():
    topic = name("old")
    command = [OLD_PYTHON, "old_release.py", BOOTSTRAP, topic, name("old")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    same(run.returncode, 0, run.stderr[-500:])
    outcome = json.loads(run.stdout)
    expected = [[p, o, f"k{2 * o + p}", f"{2 * o + p}"] for p in (0, 1) for o in range(10)]
    same(outcome["records"], expected)
    same(outcome["committed"], [10, 10])
    # 2.5.0 is the newest release that the client knows, and it takes DescribeAcls for its mark. A broker without ACLs
    # does not advertise it and passes for 2.4.0, which changes nothing in what the client sends here.
    same(outcome["version"] in ("2.4.0", "2.5.0"), True, f"version {outcome['version']} was inferred, and not 2.4 or 2.5")


for codec_name in (None, "gzip", "snappy", "lz4", "zstd"):
    check(f"records come back byte for byte, codec {codec_name or 'none'}", lambda: check_codec(codec_name))
check("topics are created, described, listed, grown and deleted", check_topic_life)
check("offsets are found by timestamp", check_offsets_by_time)
check("groups are described, listed and deleted", check_group_administration)
check("an unknown topic is an error, and asking does not create it", check_unknown_topic)
check("a record over the size limit is refused and not stored", check_too_large)
check("a start offset out of range is reported", check_out_of_range)
check("commits under another generation or member are refused", check_generation)
check("kafka-python 2.0.2 creates, produces, consumes in a group and commits", check_old_release)
exercise_group()
check("committed offsets survive a restart, and the consumer goes on", check_offsets_over_restart)
exercise_idempotence()
finish()
