"""What producer, member and reader have in common: how they reach the broker, report and end."""

import os
import signal
import sys
import time

# Lost connections are what this suite is about; librdkafka's lines about them are noise.
COMMON = {
    "bootstrap.servers": os.environ["OTTLA_COMPAT_BOOTSTRAP"],
    "log_level": 0,
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 500,
    "allow.auto.create.topics": False,
}
CONSUMING = {
    **COMMON,
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "fetch.wait.max.ms": 100,
    "fetch.error.backoff.ms": 50,
}


class Stop:
    """Becomes true on SIGTERM: the worker finishes what it began, and ends."""

    def __init__(self):
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, _number, _frame):
        self.asked = True


def now():
    """Nanoseconds of the machine's monotonic clock, which all processes share."""
    return time.monotonic_ns()


def report(*words):
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")


def fail(what):
    report("failed", str(what).replace("\n", " "))
    sys.stdout.flush()
    os._exit(1)
