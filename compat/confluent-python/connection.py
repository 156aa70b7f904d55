"""The confluent-kafka clients as every part of this suite uses them."""

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from exercise.sample_records import SampleRecord
from exercise.suite import BOOTSTRAP, unique_name

REQUEST_TIMEOUT_SECONDS = 20
# Lost connections are part of these exercises; librdkafka's lines about them are noise.
COMMON = {"bootstrap.servers": BOOTSTRAP, "log_level": 0, "reconnect.backoff.max.ms": 500}
ADMIN = AdminClient(COMMON)


def name(purpose):
    return unique_name("confluent", purpose)


def new_producer(**settings):
    options = {key.replace("_", "."): value for key, value in settings.items()}
    return Producer({**COMMON, "acks": "all", **options})


def new_consumer(group_id, **settings):
    options = {key.replace("_", "."): value for key, value in settings.items()}
    return Consumer(
        {
            **COMMON,
            "group.id": group_id,
            "group.protocol": "classic",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": False,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            **options,
        }
    )


def completed(futures):
    """Waits for the futures of an admin request; the first failure is raised."""
    return {key: future.result(timeout=REQUEST_TIMEOUT_SECONDS) for key, future in futures.items()}


def create_topic(purpose, partition_count):
    topic = name(purpose)
    completed(ADMIN.create_topics([NewTopic(topic, partition_count, 1)]))
    return topic


def partition_count_of(topic):
    return len(ADMIN.list_topics(topic, timeout=REQUEST_TIMEOUT_SECONDS).topics[topic].partitions)


def end_offsets(topic, partition_count):
    """Asked by the partition's number, so the answer cannot come from metadata of a moment ago."""
    consumer = new_consumer(name("ends"))
    try:
        ask = lambda partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), REQUEST_TIMEOUT_SECONDS)
        return {partition: ask(partition)[1] for partition in range(partition_count)}
    finally:
        consumer.close()


def read_topic(topic, partition_count):
    """Everything below the ends of this moment: messages by partition, in offset order."""
    ends = end_offsets(topic, partition_count)
    messages = {partition: [] for partition in ends}
    consumer = new_consumer(name(f"read-{topic}"))
    consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])

    def is_complete():
        message = consumer.poll(0.1)
        if message is not None:
            if message.error() is not None:
                raise AssertionError(str(message.error()))
            messages[message.partition()].append(message)
        reached = {partition: (found[-1].offset() + 1 if found else 0) for partition, found in messages.items()}
        return all(reached[partition] >= end for partition, end in ends.items())

    try:
        while not is_complete():
            pass
    finally:
        consumer.close()
    return messages


def to_sample_record(message):
    return SampleRecord(message.key(), message.value(), tuple(message.headers() or ()), message.timestamp()[1])
