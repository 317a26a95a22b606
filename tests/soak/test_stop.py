"""A stop gives everything back: nothing that was fetched is left in flight."""

import os
import signal
import time

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until

POLL_SECONDS = 20
NOTHING = {"visible": 0, "in_flight": 0, "delayed": 0}


def stop(workshop, worker, url, *signals, timeout_seconds=60):
    """Send the signals, and return the seconds until the end."""
    asked = time.monotonic()
    for number in signals:
        os.kill(worker.pid, number)
        time.sleep(0.05)
    assert worker.wait(timeout_seconds) == 0, worker.log.read_text()[-2000:]
    seconds = time.monotonic() - asked
    workshop.workers.remove(worker)
    wait_until(lambda: not workshop.state(url)["in_flight"], 10, "nothing in flight")
    return seconds


@pytest.mark.parametrize("fifo", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["fifo", "standard"])
def test_in_the_middle_of_a_backlog(workshop, fifo):
    """With 500 messages waiting, running handlers end, and what waited in hand is on the queue again at once."""
    url, dlq = workshop.queues("backlog", fifo=fifo)
    run = new_id()[:8]
    workshop.broker.fill(url, count=500, body=command_body(f"{run}-{{n}}"), **({"groups": 50} if fifo else {}))
    worker = workshop.start("--queue", url, "--dlq", dlq, "--seconds", "0.2", "--no-effect", POOL_LEASE_SECONDS="30")
    workshop.started_all()
    wait_until(lambda: workshop.state(url)["in_flight"] >= 64, 60, "a full pool")
    seconds = stop(workshop, worker, url, signal.SIGTERM)
    left = workshop.state(url)["visible"]
    print(f"exit after {seconds:.2f} s with {left} of 500 given back or never fetched")
    assert 0 < left < 500
    assert workshop.state(dlq) == NOTHING


@pytest.mark.parametrize("fifo", [pytest.param(True, marks=pytest.mark.soak), False], ids=["fifo", "standard"])
def test_while_a_long_poll_is_open(workshop, fifo):
    """An idle worker does not wait for its poll of twenty seconds, and takes nothing with it."""
    url, dlq = workshop.queues("idle", fifo=fifo)
    worker = workshop.start(
        *("--queue", url, "--dlq", dlq), POOL_LEASE_SECONDS="30", POOL_WAIT_SECONDS=str(POLL_SECONDS)
    )
    workshop.started_all()
    wait_until(lambda: workshop.broker.stats()["requests"].get("ReceiveMessage"), 60, "an open poll")
    seconds = stop(workshop, worker, url, signal.SIGTERM, timeout_seconds=POLL_SECONDS * 0.75)
    print(f"exit after {seconds:.2f} s with a poll open")
    workshop.broker.fill(url, count=1, body="late {n}")
    time.sleep(0.3)
    assert workshop.state(url) == {**NOTHING, "visible": 1}


def test_twice_means_now(workshop):
    """A second signal does not wait for handlers that take long; their messages and commands are free at once."""
    url, dlq = workshop.queues("twice", fifo=False)
    workshop.broker.fill(url, count=20, body=command_body(f"{new_id()[:8]}-{{n}}"))
    worker = workshop.start(
        *("--queue", url, "--dlq", dlq, "--seconds", "120", "--no-effect"),
        POOL_LEASE_SECONDS="30",
        POOL_DRAIN_SECONDS="120",
    )
    workshop.started_all()
    wait_until(lambda: workshop.state(url)["in_flight"] == 20, 60, "all in hand")
    seconds = stop(workshop, worker, url, signal.SIGTERM, signal.SIGTERM)
    print(f"exit after {seconds:.2f} s although handlers take 120 s")
    assert workshop.state(url)["visible"] == 20
