"""Idempotent production through a kill -9 of the broker, with several requests in flight: afterwards every
acknowledged record stands there once and in the order of sending."""

import threading
import time

from exercise.suite import check, kill_broker, same, until

ACKNOWLEDGED_BEFORE_KILL = 150
SENT_AFTER_KILL = 150
SEND_INTERVAL_SECONDS = 0.002


class Ledger:
    """What was sent, and what became of it. Acknowledgements may come from another thread."""

    def __init__(self):
        self.sent = {0: [], 1: [], 2: []}
        self.acknowledged = 0
        self.errors = []
        self._lock = threading.Lock()

    def settle(self, error):
        with self._lock:
            if error is None:
                self.acknowledged += 1
            else:
                self.errors.append(error)

    def total(self):
        return sum(len(values) for values in self.sent.values())


def run_idempotence_exercise(send, flush, read_all):
    """send(partition, value, settle) calls settle(None) or settle(error) later; read_all() gives values by partition."""
    ledger = Ledger()

    def send_round():
        for partition, values in ledger.sent.items():
            value = f"{partition}:{len(values)}"
            values.append(value)
            send(partition, value, ledger.settle)
        time.sleep(SEND_INTERVAL_SECONDS)
        return ledger.acknowledged >= ACKNOWLEDGED_BEFORE_KILL or ledger.errors

    def write_through_kill():
        until("the first acknowledgements", send_round)
        killing = threading.Thread(target=kill_broker)
        killing.start()
        while killing.is_alive():
            send_round()
        for _ in range(SENT_AFTER_KILL // len(ledger.sent)):
            send_round()
        flush()
        until("the outcome of every send", lambda: ledger.acknowledged + len(ledger.errors) == ledger.total())
        same(ledger.errors, [], "errors of the producer")

    def compare():
        stored = read_all()
        for partition, values in ledger.sent.items():
            same(len(stored.get(partition, [])), len(values), f"records in partition {partition}")
            same(stored.get(partition), values, f"partition {partition}")

    check("an idempotent producer goes on over a kill -9 of the broker", write_through_kill)
    check("every acknowledged record is there exactly once and in order", compare)
