"""A worker's memory: the same after a million messages, and the same whatever waits on the queue."""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until

SMALL_BACKLOG, LARGE_BACKLOG = 1_000, 100_000

pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Scale:
    """How many messages before memory is looked at first, how many then, and how many of them wait at once."""

    warm_up: int
    messages: int
    chunk: int
    bound_mb: float
    timeout_seconds: float


SHORT = Scale(warm_up=5_000, messages=30_000, chunk=10_000, bound_mb=8, timeout_seconds=120)
LONG = Scale(warm_up=50_000, messages=1_000_000, chunk=100_000, bound_mb=5, timeout_seconds=300)


class Line:
    """One worker at work on what is filled in."""

    def __init__(self, workshop):
        self._workshop = workshop
        self._url, dlq = workshop.queues("many", fifo=False)
        self._body = command_body(f"{new_id()[:8]}-k{{n}}", session="s{n}")
        self.sent = 0
        self._worker = workshop.start(
            # As deployed, it writes a line for every message.
            *("--queue", self._url, "--dlq", dlq, "--no-effect", "--claims", "memory"),
            log=Path(os.devnull),
        )
        wait_until(lambda: workshop.broker.stats()["requests"].get("ReceiveMessage"), 60, "a first receive")

    def fill(self, count):
        """Put so many on the queue."""
        self._workshop.broker.fill(self._url, first=self.sent, count=count, body=self._body)
        self.sent += count

    @property
    def left(self):
        """Return how many are not deleted."""
        return self.sent - self._workshop.broker.stats()["deleted"]

    def work_through(self, count, timeout_seconds):
        """Fill in so many, and return once all are done."""
        self.fill(count)
        wait_until(lambda: not self.left, timeout_seconds, "an empty queue")

    def rss_mb(self):
        """Return the worker's resident memory."""
        status = Path(f"/proc/{self._worker.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def rss_mb_while(self, is_on, *, top_up_to=0):
        """Return the median of the resident memory while something holds."""
        samples = []
        while is_on():
            samples.append(self.rss_mb())
            if (missing := top_up_to - self.left) > 0:
                self.fill(missing)
            time.sleep(0.02)
        return statistics.median(samples)


@pytest.fixture
def line(workshop):
    if not Path("/proc/self/status").exists():
        pytest.skip("reads /proc")
    return Line(workshop)


@pytest.mark.parametrize("scale", [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long")])
def test_flat_over_many_messages(line, scale):
    """What a worker holds after a million messages is what it held after the first fifty thousand."""
    line.work_through(scale.warm_up, scale.timeout_seconds)
    began, first = time.monotonic(), line.rss_mb()
    while (done := line.sent) < scale.messages:
        line.work_through(min(scale.chunk, scale.messages - done), scale.timeout_seconds)
        print(f"{line.sent} messages: {line.rss_mb():.1f} MB")
    last, seconds = line.rss_mb(), time.monotonic() - began
    print(
        f"{first:.1f} MB after {scale.warm_up}, {last:.1f} MB after {scale.messages}: {last - first:+.1f} MB; "
        f"{(scale.messages - scale.warm_up) / seconds:.0f} a second"
    )
    assert last - first <= scale.bound_mb


def test_flat_over_the_backlog(line):
    """A worker with a hundred thousand messages waiting holds no more than one with a thousand."""
    line.work_through(LONG.warm_up, LONG.timeout_seconds)
    ends = time.monotonic() + 10
    small = line.rss_mb_while(lambda: time.monotonic() < ends, top_up_to=SMALL_BACKLOG)
    wait_until(lambda: not line.left, 60, "an empty queue")
    line.fill(LARGE_BACKLOG)
    large = line.rss_mb_while(lambda: line.left > LARGE_BACKLOG / 2)
    print(f"{small:.1f} MB with {SMALL_BACKLOG} waiting, {large:.1f} MB with {LARGE_BACKLOG}: {large - small:+.1f} MB")
    assert large - small <= LONG.bound_mb
