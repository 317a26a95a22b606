"""The queue misbehaves for a while: nothing is lost or done twice, and the work goes on as before once it is over."""

import itertools
import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until

WORKERS = 2
NOTHING = {"visible": 0, "in_flight": 0, "delayed": 0}

SCRIPTED = {
    "failed-entries": [{"action": "DeleteMessageBatch", "kind": "fail_entries", "every": 10, "times": 6}],
    "silent": [
        # Each takes a call's deadline of five seconds.
        {"action": "ReceiveMessage", "kind": "silent", "every": 2, "times": 2},
        {"action": "DeleteMessageBatch", "kind": "silent", "times": 1},
    ],
    "lost-answers": [
        {"kind": "reset", "every": 10, "times": 8, "applied": True},
        {"kind": "error500", "every": 10, "times": 8, "applied": True},
    ],
}

FAILED_ENTRIES = [
    {"action": "DeleteMessageBatch", "kind": "fail_entries", "probability": 0.1},
    {"action": "ChangeMessageVisibilityBatch", "kind": "fail_entries", "probability": 0.1},
]
LOST_ANSWERS = [
    {"kind": "reset", "probability": 0.1, "applied": True},
    {"kind": "error500", "probability": 0.1, "applied": True},
]
DRAWN = {
    "failed-entries": FAILED_ENTRIES,
    "throttled": [{"kind": "throttle", "probability": 0.5}],
    "error500": [{"kind": "error500", "probability": 0.5}],
    "silent": [
        {"action": "ReceiveMessage", "kind": "silent", "probability": 0.3},
        {"action": "DeleteMessageBatch", "kind": "silent", "probability": 0.1},
        {"action": "ChangeMessageVisibilityBatch", "kind": "silent", "probability": 0.1},
    ],
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
"""The soak tests draw: failures come in runs too."""


CONCURRENCY, POLL_SECONDS, HANDLER_SECONDS = 32, 20, 0.8
"""The handlers' time is the limit, not the processor's."""
BEFORE_SECONDS, FAULT_SECONDS = 6, 20
SHORT_SECONDS = 60
"""How long a short form waits for what must come."""


class Feed:
    """Keeps messages waiting, so that the workers are never short of work, and knows what it sent."""

    def __init__(self, workshop, url, *, sessions):
        self._workshop = workshop
        self._url = url
        self._run = new_id()[:8]
        self._body = command_body(f"{self._run}-k{{n}}", session=f"{self._run}-s{{g}}")
        self._sessions = sessions
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
            f"{self._run}-s{group}": [f"{self._run}-k{number}" for number in range(group, self.count, self._sessions)]
            for group in range(self._sessions)
        }

    def _send_until(self, end):
        while not end.wait(0.2):
            self._top_up()

    def _top_up(self):
        count = self._sessions
        if self._workshop.state(self._url)["visible"] < count:
            self._workshop.broker.fill(self._url, first=self.count, count=count, body=self._body, groups=count)
            self.count += count


def rate(workshop, seconds):
    """Return how many messages are deleted a second, measured for so long."""
    began, deleted = time.monotonic(), workshop.broker.stats()["deleted"]
    time.sleep(seconds)
    return (workshop.broker.stats()["deleted"] - deleted) / (time.monotonic() - began)


def start_workers(workshop, url, dlq, *, handler_seconds, concurrency, poll_seconds):
    for _ in range(WORKERS):
        workshop.start(
            *("--queue", url, "--dlq", dlq, "--seconds", str(handler_seconds)),
            POOL_CONCURRENCY=str(concurrency),
            POOL_WAIT_SECONDS=str(poll_seconds),
        )
    workshop.started_all()


@pytest.mark.parametrize(
    ("fault", "fifo"),
    [
        pytest.param("failed-entries", True, marks=pytest.mark.soak),
        ("lost-answers", True),
        pytest.param("silent", False, marks=pytest.mark.soak),
    ],
)
def test_scripted_faults_lose_nothing_and_double_nothing(workshop, fault, fifo):
    """Once each fault has come as often as ordered, each command has had its effect once, and the queue is empty."""
    url, dlq = workshop.queues("bad", fifo=fifo)
    feed, rules = Feed(workshop, url, sessions=40), SCRIPTED[fault]
    start_workers(workshop, url, dlq, handler_seconds=0.1, concurrency=8, poll_seconds=1)
    ordered = Counter()
    for rule in rules:
        ordered[rule["kind"]] += rule["times"]
    with feed.flowing():
        workshop.broker.faults(rules)
        wait_until(lambda: workshop.broker.stats()["faults"] == ordered, SHORT_SECONDS, f"all of {ordered}")
    wait_until(lambda: workshop.is_empty(url), SHORT_SECONDS, "an empty queue")
    workshop.stop_all()
    assert_each_once(workshop, feed.sent(), in_order=fifo)
    assert workshop.state(url) == workshop.state(dlq) == NOTHING


@pytest.mark.soak
@pytest.mark.parametrize(("fault", "fifo"), list(itertools.product(DRAWN, (True, False))))
def test_the_work_goes_on_once_it_is_over(workshop, fault, fifo):
    """After a time of faults, work is back at half its pace at least, and each command has had its effect once."""
    url, dlq = workshop.queues("bad", fifo=fifo)
    feed = Feed(workshop, url, sessions=200)
    start_workers(
        workshop, url, dlq, handler_seconds=HANDLER_SECONDS, concurrency=CONCURRENCY, poll_seconds=POLL_SECONDS
    )
    with feed.flowing():
        time.sleep(1)
        before = rate(workshop, BEFORE_SECONDS)
        workshop.broker.faults(DRAWN[fault])
        during = rate(workshop, FAULT_SECONDS)
        workshop.broker.faults([])
        began = time.monotonic()
        wait_until(lambda: rate(workshop, 1) >= before / 2, 60, f"{before / 2:.0f} a second")
        back_after = time.monotonic() - began
        after = rate(workshop, BEFORE_SECONDS)
    wait_until(lambda: workshop.is_empty(url), 120, "an empty queue")
    workers = list(workshop.workers)
    workshop.stop_all()
    stats = workshop.broker.stats()
    lost = sum(worker.log.read_text().count('"lease_lost"') for worker in workers)
    print(
        f"{fault}, {'FIFO' if fifo else 'standard'}: {before:.0f} a second before, {during:.0f} during, {after:.0f} "
        f"after; back after {back_after:.0f} s; {feed.count} sent, {stats['received']} received, {lost} leases lost, "
        f"faults {stats['faults']}"
    )
    assert_each_once(workshop, feed.sent(), in_order=fifo)
    assert workshop.state(url) == workshop.state(dlq) == NOTHING


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
