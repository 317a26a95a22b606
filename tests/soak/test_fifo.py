"""Order under failures: many groups, several workers, first attempts that fail; nothing overtakes."""

import time
from collections import Counter
from dataclasses import dataclass

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until

FAIL_EVERY = 11
"""No divisor of a number of groups: every group has its share."""


@dataclass(frozen=True)
class Scale:
    """How many groups and messages, and how long to wait for them."""

    groups: int
    messages_per_group: int
    workers: int
    timeout_seconds: float


SHORT = Scale(groups=20, messages_per_group=15, workers=2, timeout_seconds=120)
LONG = Scale(groups=100, messages_per_group=50, workers=3, timeout_seconds=300)


@pytest.mark.parametrize("scale", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"])
def test_nothing_overtakes_in_its_group(workshop, scale):
    """When every eleventh first attempt fails, each command of a group still succeeds once, in the order of sending."""
    url, dlq = workshop.queues("ordered", fifo=True)
    run = new_id()[:8]
    count = scale.groups * scale.messages_per_group
    sent = {
        f"{run}-s{group}": [f"{run}-k{number}" for number in range(group, count, scale.groups)]
        for group in range(scale.groups)
    }
    body = command_body(f"{run}-k{{n}}", session=f"{run}-s{{g}}")
    workshop.broker.fill(url, count=count, body=body, groups=scale.groups)
    journal = workshop.folder / "journal"
    began = time.monotonic()
    for _ in range(scale.workers):
        workshop.start(
            *("--queue", url, "--dlq", dlq, "--no-effect", "--journal", str(journal), "--fail-every", str(FAIL_EVERY)),
            # A worker that gets no processor for some seconds has not lost its lease: that is another test's matter.
            POOL_LEASE_SECONDS="30",
        )
    workshop.started_all()
    wait_until(lambda: workshop.is_empty(url), scale.timeout_seconds, "an empty queue")
    seconds = time.monotonic() - began
    workers = list(workshop.workers)
    workshop.stop_all()
    failed = sum(worker.log.read_text().count('"attempt_failed"') for worker in workers)
    print(f"{count} messages, {failed} attempts failed, {seconds:.1f} s, {count / seconds:.0f} a second")
    done = {session: [] for session in sent}
    for line in journal.read_text().splitlines():
        session, command = line.split()
        done[session].append(command)
    assert max(Counter(command for commands in done.values() for command in commands).values()) == 1
    assert done == sent
    assert failed >= count // FAIL_EVERY
    assert workshop.state(dlq) == {"visible": 0, "in_flight": 0, "delayed": 0}
