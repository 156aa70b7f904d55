"""The life of a consumer group of three processes: all join, one is killed without leaving, one is added.

A member is a process of its own, so that kill -9 is really that: no leave request, no last commit. It prints
JSON lines: {"assigned": [partition, ...]} on every change, {"value": text} for every record.
"""

import collections
import json
import signal
import subprocess
import sys
import threading

from exercise.suite import check, same, until

VALUES_PER_STEP = 60


class Member:
    def __init__(self, command, take_value):
        self.assigned = []
        self.last_lines = collections.deque(maxlen=4)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._read, args=(take_value,), daemon=True).start()

    def _read(self, take_value):
        for line in self.process.stdout:
            if not line.startswith("{"):
                self.last_lines.append(line.strip()[:200])
                continue
            event = json.loads(line)
            if "assigned" in event:
                self.assigned = event["assigned"]
            else:
                take_value(event["value"])


class Group:
    def __init__(self, partition_count, member_arguments, produce):
        self._partitions = list(range(partition_count))
        self._command = [sys.executable, *member_arguments]
        self._produce = produce
        self.members = {}
        self.seen = collections.Counter()
        self.produced = []

    def _take(self, value):
        self.seen[value] += 1

    def add(self, *names):
        for name in names:
            self.members[name] = Member(self._command, self._take)

    def kill(self, name):
        self.members.pop(name).process.kill()

    def produce(self, step):
        values = [f"{step}-{index}" for index in range(VALUES_PER_STEP)]
        self.produced += values
        self._produce(values)

    def _is_settled(self):
        """Every partition belongs to exactly one living member, and no member stands idle."""
        members = self.members.values()
        owned = sorted(partition for member in members for partition in member.assigned)
        living = all(member.assigned and member.process.poll() is None for member in members)
        return living and owned == self._partitions

    def settled(self):
        until(
            "a complete assignment",
            self._is_settled,
            state=lambda: {name: (member.assigned, list(member.last_lines)) for name, member in self.members.items()},
        )

    def everything_seen(self):
        missing = lambda: set(self.produced) - set(self.seen)
        until("the consumption of every record", lambda: not missing(), state=missing)

    def stop(self):
        for member in self.members.values():
            member.process.send_signal(signal.SIGTERM)
        for member in self.members.values():
            same(member.process.wait(timeout=30), 0, "exit code of a member")

    def abandon(self):
        for member in self.members.values():
            member.process.kill()


def run_group_exercise(partition_count, member_arguments, produce):
    group = Group(partition_count, member_arguments, produce)

    def three_members():
        group.add("first", "second", "third")
        group.settled()

    def consume():
        group.produce("three")
        group.everything_seen()

    def kill_one():
        group.kill("second")
        group.produce("killed")
        group.settled()

    def add_one():
        group.add("fourth")
        group.settled()

    def nothing_missed():
        group.produce("added")
        group.everything_seen()
        same(sorted(group.seen), sorted(group.produced))

    try:
        check("three members share all partitions, each partition with exactly one", three_members)
        check("the group consumes every record", consume)
        check("after kill -9 of a member the two others own all partitions", kill_one)
        check("an added member gets its share", add_one)
        check("no record is missed over all rebalances, none is invented", nothing_missed)
        check("members that are told to stop end in good time", group.stop)
    finally:
        group.abandon()
