"""The queue misbehaves for a while: nothing is lost or done twice, and the work goes on as before once it is over."""

import itertools
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until

BACK_WITHIN_SECONDS = 30
WORKERS = 2
SESSIONS = 200

FAILED_ENTRIES = [
    {"action": "DeleteMessageBatch", "kind": "fail_entries", "probability": 0.1},
    {"action": "ChangeMessageVisibilityBatch", "kind": "fail_entries", "probability": 0.1},
]
SILENT = [
    {"action": "ReceiveMessage", "kind": "silent", "probability": 0.3},
    {"action": "DeleteMessageBatch", "kind": "silent", "probability": 0.1},
    {"action": "ChangeMessageVisibilityBatch", "kind": "silent", "probability": 0.1},
]
LOST_ANSWERS = [
    {"kind": "reset", "probability": 0.1, "applied": True},
    {"kind": "error500", "probability": 0.1, "applied": True},
]
FAULTS = {
    "failed-entries": FAILED_ENTRIES,
    "throttled": [{"kind": "throttle", "probability": 0.5}],
    "error500": [{"kind": "error500", "probability": 0.5}],
    "silent": SILENT,
    "reset": [{"kind": "reset", "probability": 0.3}],
    "lost-answers": LOST_ANSWERS,
    "refused": [{"kind": "reset"}],
    "black-hole": [{"kind": "silent"}],
    # One for entries ends the search for another rule, so it comes last.
    "mixed": [
        {"kind": "throttle", "probability": 0.2},
        {"kind": "error500", "probability": 0.1},
        {"kind": "reset", "probability": 0.1},
        {"action": "ReceiveMessage", "kind": "silent", "probability": 0.05},
        {"action": "ReceiveMessage", "kind": "silent", "probability": 0.05, "applied": True},
        {"action": "DeleteMessageBatch", "kind": "silent", "probability": 0.05, "applied": True},
        *LOST_ANSWERS,
        *FAILED_ENTRIES,
    ],
}


@dataclass(frozen=True)
class Scale:
    """How long it lasts, and how much the workers do at once: the handlers' time is the limit, not the processor's."""

    before_seconds: float
    fault_seconds: float
    handler_seconds: float
    concurrency: int
    poll_seconds: int
    patience_seconds: float


SHORT = Scale(
    before_seconds=1.5, fault_seconds=2.5, handler_seconds=0.2, concurrency=8, poll_seconds=1, patience_seconds=60
)
LONG = Scale(
    before_seconds=6, fault_seconds=20, handler_seconds=0.8, concurrency=32, poll_seconds=20, patience_seconds=120
)
SHORT_TOO = {("failed-entries", True), ("lost-answers", True), ("silent", False)}


class Feed:
    """Keeps messages waiting, so that the workers are never short of work, and knows what it sent."""

    def __init__(self, workshop, url, run):
        self._workshop = workshop
        self._url = url
        self._body = command_body(f"{run}-k{{n}}", session=f"{run}-s{{g}}")
        self._run = run
        self.count = 0

    @contextmanager
    def flowing(self):
        """Send for the time of the `with`."""
        end = threading.Event()
        thread = threading.Thread(target=self._send_until, args=(end,))
        self._top_up()
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def sent(self):
        """Return what each session sent, in order."""
        return {
            f"{self._run}-s{group}": [f"{self._run}-k{number}" for number in range(group, self.count, SESSIONS)]
            for group in range(SESSIONS)
        }

    def _send_until(self, end):
        while not end.wait(0.2):
            self._top_up()

    def _top_up(self):
        if self._workshop.state(self._url)["visible"] < SESSIONS:
            self._workshop.broker.fill(self._url, first=self.count, count=SESSIONS, body=self._body, groups=SESSIONS)
            self.count += SESSIONS


def rate(workshop, seconds):
    """Return how many messages are deleted a second, measured for so long."""
    began, deleted = time.monotonic(), workshop.broker.stats()["deleted"]
    time.sleep(seconds)
    return (workshop.broker.stats()["deleted"] - deleted) / (time.monotonic() - began)


def seconds_until_back(workshop, wanted):
    """Return after how many seconds the rate was what is wanted again; give up when it is too late by far."""
    began = time.monotonic()
    while rate(workshop, 1) < wanted:
        if time.monotonic() - began > 2 * BACK_WITHIN_SECONDS:
            raise TimeoutError(f"still below {wanted:.0f} a second")
    return time.monotonic() - began


def cases():
    for fault, fifo in itertools.product(FAULTS, (True, False)):
        name = f"{fault}-{'fifo' if fifo else 'standard'}"
        if (fault, fifo) in SHORT_TOO:
            yield pytest.param(SHORT, fault, fifo, id=f"{name}-short")
        yield pytest.param(LONG, fault, fifo, id=f"{name}-long", marks=pytest.mark.soak)


@pytest.mark.parametrize(("scale", "fault", "fifo"), list(cases()))
def test_the_work_goes_on_once_it_is_over(workshop, scale, fault, fifo):
    """After a time of faults, work is back at its pace within 30 s, and each command has had its effect once."""
    url, dlq = workshop.queues("bad", fifo=fifo)
    feed = Feed(workshop, url, new_id()[:8])
    for _ in range(WORKERS):
        workshop.start(
            *("--queue", url, "--dlq", dlq, "--seconds", str(scale.handler_seconds)),
            POOL_CONCURRENCY=str(scale.concurrency),
            POOL_WAIT_SECONDS=str(scale.poll_seconds),
        )
    workshop.started_all()
    with feed.flowing():
        time.sleep(1)
        before = rate(workshop, scale.before_seconds)
        workshop.broker.faults(FAULTS[fault])
        during = rate(workshop, scale.fault_seconds)
        workshop.broker.faults([])
        back_after = seconds_until_back(workshop, before / 2)
        after = rate(workshop, scale.before_seconds)
    wait_until(lambda: workshop.is_empty(url), scale.patience_seconds, "an empty queue")
    workers = list(workshop.workers)
    workshop.stop_all()
    stats = workshop.broker.stats()
    lost = sum(worker.log.read_text().count('"lease_lost"') for worker in workers)
    print(
        f"{fault}, {'FIFO' if fifo else 'standard'}: {before:.0f} a second before, {during:.0f} during, {after:.0f} "
        f"after; back after {back_after:.0f} s; {feed.count} sent, {stats['received']} received, {lost} leases lost, "
        f"faults {stats['faults']}"
    )
    assert stats["faults"]
    assert_each_once(workshop, feed.sent(), in_order=fifo)
    assert workshop.state(url) == workshop.state(dlq) == {"visible": 0, "in_flight": 0, "delayed": 0}
    assert back_after <= BACK_WITHIN_SECONDS


def assert_each_once(workshop, sent, *, in_order):
    """Compare the stored frames with what was sent."""
    stored = {session: [text for _, text in frames] for session, frames in workshop.frames(sent).items()}
    if not in_order:
        stored = {session: sorted(texts) for session, texts in stored.items()}
        sent = {session: sorted(texts) for session, texts in sent.items()}
    if stored != sent:
        texts = Counter(text for session in stored.values() for text in session)
        missing = {text for session in sent.values() for text in session} - texts.keys()
        doubled = [text for text, times in texts.items() if times > 1]
        raise AssertionError(f"missing {sorted(missing)[:9]}, doubled {doubled[:9]}, or out of order")
