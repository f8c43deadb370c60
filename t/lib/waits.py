"""Waiting for events, always with a deadline.

`wait_for` and `wait_until_still` are the only places of the kit that let time pass; everything else
blocks on a socket or on an Event.
"""

import os
import time

# True when the program under test was built with sanitizers: slower, and with larger processes.
SANITIZED = os.environ.get("PROX_SANITIZED") == "1"

# Seconds before a wait counts as failed. Generous: it is only reached by a test that fails.
DEADLINE = 30.0 if SANITIZED else 10.0
# How much later than its time something may happen on a machine that is busy.
LATE = 6.0 if SANITIZED else 3.0

_POLL_SECONDS = 0.005


class DeadlinePassed(AssertionError):
    """What was waited for did not happen in time."""


def wait_for(predicate, deadline=DEADLINE, what="condition"):
    """Returns the first true value of `predicate()`; fails with `what` after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise DeadlinePassed(f"{what}: not within {deadline:g} s (last value: {value!r})")
        time.sleep(_POLL_SECONDS)


def wait_until_still(counter, still_seconds=0.4, deadline=DEADLINE, what="counter"):
    """Waits until `counter()` keeps one value for `still_seconds`, and returns that value."""
    last = counter()
    since = time.monotonic()

    def is_still():
        nonlocal last, since
        value = counter()
        if value != last:
            last, since = value, time.monotonic()
        return time.monotonic() - since >= still_seconds

    wait_for(is_still, deadline, f"{what} comes to rest")
    return last


class Stopwatch:
    """Measures how long a `with` block took, in seconds."""

    def __enter__(self):
        self._start = time.monotonic()
        self.seconds = 0.0
        return self

    def __exit__(self, *_exc):
        self.seconds = time.monotonic() - self._start

    @property
    def running(self):
        """Seconds since the block was entered."""
        return time.monotonic() - self._start


def spread(times, seconds):
    """Yields 0, 1, … `times` - 1, evenly over `seconds`."""
    with Stopwatch() as watch:
        for number in range(times):
            wait_for(lambda number=number: watch.running >= seconds * (number + 0.5) / times, seconds + 5)
            yield number
