"""One member of the consumer group exercise; prints what it was assigned and what it consumed."""

import json
import signal
import sys

from connection import new_consumer

topic, group_id = sys.argv[1:]
running = True


def stop(_signal, _frame):
    global running
    running = False


def show(**event):
    print(json.dumps(event), flush=True)


signal.signal(signal.SIGTERM, stop)
consumer = new_consumer(
    group_id, enable_auto_commit=True, auto_commit_interval_ms=500, enable_auto_offset_store=False
)
consumer.subscribe(
    [topic],
    on_assign=lambda _, partitions: show(assigned=[partition.partition for partition in partitions]),
    on_revoke=lambda _, partitions: show(assigned=[]),
    on_lost=lambda _, partitions: show(assigned=[]),
)
while running:
    message = consumer.poll(0.1)
    if message is not None and message.error() is None:
        show(value=message.value().decode())
        consumer.store_offsets(message)
consumer.close()
