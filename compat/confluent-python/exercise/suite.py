"""Checks in TAP-like lines, polling instead of sleeping, and the control channel of the broker."""

import os
import secrets
import sys
import time
import urllib.request

CHECK_DEADLINE_SECONDS = 60.0
CONTROL_TIMEOUT_SECONDS = 150.0
POLL_INTERVAL_SECONDS = 0.025

BOOTSTRAP = os.environ["OTTLA_COMPAT_BOOTSTRAP"]
_CONTROL = os.environ["OTTLA_COMPAT_CONTROL"]
_RUN_ID = secrets.token_hex(4)
_failures = 0


def unique_name(suite, purpose):
    """A name that no other suite and no earlier run on the same broker has used."""
    return f"compat-{suite}-{purpose}-{_RUN_ID}"


def until(what, probe, deadline_seconds=CHECK_DEADLINE_SECONDS, state=lambda: ""):
    """Repeats the probe until it is true; returns what it gave."""
    end = time.monotonic() + deadline_seconds
    while True:
        outcome = probe()
        if outcome:
            return outcome
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {deadline_seconds:g} s: {state()}")
        time.sleep(POLL_INTERVAL_SECONDS)


def same(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what}: got {actual!r:.400}, expected {expected!r:.400}")


def refused(action, matches):
    """Expects the action to raise an exception for which matches() is true; any other exception passes through."""
    try:
        outcome = action()
    except Exception as error:  # The kind of exception differs between clients; matches() is the judge of it.
        if not matches(error):
            raise
        return
    raise AssertionError(f"not refused: {outcome!r:.200}")


def check(text, run):
    """Runs one check and prints its line. Later checks run whatever the outcome, so one failure hides no other."""
    global _failures
    try:
        run()
        print(f"ok - {text}", flush=True)
    except Exception as error:  # The line is the report, and the exit code of the suite tells of it too.
        _failures += 1
        detail = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"not ok - {text} # {detail[:600]}", flush=True)


def finish():
    """Ends the process at once: clients that failed half-way may hold threads that would keep it alive."""
    sys.stdout.flush()
    os._exit(0 if _failures == 0 else 1)


def _control_broker(action):
    request = urllib.request.Request(f"{_CONTROL}/{action}", method="POST", data=b"")
    with urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT_SECONDS) as response:
        response.read()


def restart_broker():
    """A graceful stop and a start on the same port and data; returns when the broker serves again."""
    _control_broker("restart")


def kill_broker():
    """kill -9 and a start; returns when the broker serves again."""
    _control_broker("kill")
