"""One member of the consumer group exercise; prints what it was assigned and what it consumed."""

import json
import signal
import sys

from connection import new_consumer, records_of
from kafka import ConsumerRebalanceListener

topic, group_id = sys.argv[1:]
running = True


def stop(_signal, _frame):
    global running
    running = False


def show(**event):
    print(json.dumps(event), flush=True)


class Listener(ConsumerRebalanceListener):
    def on_partitions_assigned(self, assigned):
        show(assigned=[partition.partition for partition in consumer.assignment()])

    def on_partitions_revoked(self, revoked):
        show(assigned=[])


signal.signal(signal.SIGTERM, stop)
consumer = new_consumer(group_id, enable_auto_commit=True, auto_commit_interval_ms=500)
consumer.subscribe([topic], listener=Listener())
while running:
    for record in records_of(consumer.poll(timeout_ms=100)):
        show(value=record.value.decode())
consumer.close()
