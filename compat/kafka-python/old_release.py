"""kafka-python 2.0.2, run in an environment of its own: it sends the oldest requests of all clients and guesses
the broker's release from the versions that it advertises. Prints the records that came back as JSON."""

import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

bootstrap, topic, group_id = sys.argv[1:]
admin = KafkaAdminClient(bootstrap_servers=bootstrap)
admin.create_topics([NewTopic(topic, 2, 1)])
try:
    admin.create_topics([NewTopic(topic, 2, 1)])
    raise AssertionError("the topic was created twice")
except TopicAlreadyExistsError:
    pass

producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="gzip", retries=20)
for number in range(20):
    producer.send(topic, b"%d" % number, key=b"k%d" % number, headers=[("h", b"v")], partition=number % 2)
producer.flush(timeout=20)
consumer = KafkaConsumer(
    topic,
    bootstrap_servers=bootstrap,
    group_id=group_id,
    auto_offset_reset="earliest",
    session_timeout_ms=6000,
    heartbeat_interval_ms=500,
    consumer_timeout_ms=20000,
)
records = []
for record in consumer:
    records.append([record.partition, record.offset, record.key.decode(), record.value.decode()])
    if len(records) == 20:
        break
consumer.commit()
partitions = [TopicPartition(topic, partition) for partition in (0, 1)]
committed = [consumer.committed(partition) for partition in partitions]
version = ".".join(map(str, consumer.config["api_version"]))
consumer.close()
admin.delete_topics([topic])
print(json.dumps({"records": sorted(records), "committed": committed, "version": version}))
