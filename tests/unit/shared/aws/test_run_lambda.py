"""A worker behind an event-source mapping: opened in the init phase, or the event is reported as failed."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from shared.aws import run_lambda
from shared.consumer.multi_queue import BatchGroup, PoolGroup
from shared.consumer.worker import Worker
from shared.errors import ConfigurationError

EVENT = {
    "Records": [
        {"messageId": f"m{n}", "receiptHandle": f"r{n}", "body": "", "eventSourceARN": "arn:aws:sqs:eu:1:chat.fifo"}
        for n in (1, 2)
    ]
}


class Context:
    def get_remaining_time_in_millis(self):
        return 100_000


class Batch:
    def __init__(self, steps):
        self.steps = steps

    async def run(self, event, *, seconds_left):
        self.steps.append(f"event with {seconds_left():.0f} s")
        return {"batchItemFailures": []}


class Leases:
    def __init__(self, steps, error=None):
        self.steps, self.error = steps, error

    async def start(self):
        self.steps.append("leases start")
        if self.error:
            raise self.error

    async def stop(self):
        self.steps.append("leases stop")


@pytest.fixture
def steps():
    return []


@pytest.fixture(autouse=True)
def runners(monkeypatch):
    """Close the loops, which in Lambda live as long as the process."""
    opened = []

    class Runner(asyncio.Runner):
        def __init__(self):
            super().__init__()
            opened.append(self)

    monkeypatch.setattr(asyncio, "Runner", Runner)
    yield
    for runner in opened:
        runner.close()


@pytest.fixture
def postponed(monkeypatch):
    """Return the ids of records that were hidden: the queue itself is in the contract tests."""
    ids = []
    monkeypatch.setattr(
        run_lambda, "postpone_records", lambda records, component: ids.extend(one["messageId"] for one in records)
    )
    return ids


def opening(steps, *, open_errors=(), lease_errors=()):
    open_errors, lease_errors = list(open_errors), list(lease_errors)

    @asynccontextmanager
    async def open_worker():
        steps.append("open")
        if open_errors:
            raise open_errors.pop(0)
        leases = Leases(steps, lease_errors.pop(0) if lease_errors else None)
        try:
            yield Worker(PoolGroup([]), BatchGroup({"chat.fifo": Batch(steps)}), (leases,))
        finally:
            steps.append("close")

    return open_worker


def test_the_worker_starts_in_the_init_phase_and_stays_open(steps, postponed):
    """Lambda gives the init phase a whole processor; no event opens anything again."""
    handle = run_lambda.build_lambda_handler(opening(steps), component="chat")
    assert steps == ["open", "leases start"]
    assert handle(EVENT, Context()) == handle(EVENT, Context()) == {"batchItemFailures": []}
    assert steps == ["open", "leases start", "event with 100 s", "event with 100 s"]
    assert postponed == []


def test_an_event_of_a_worker_without_a_start_is_reported_as_failed(steps, postponed):
    """Lambda deletes nothing, and the records are hidden for a short pause instead of the queue's time-out."""
    handle = run_lambda.build_lambda_handler(
        opening(steps, open_errors=[ConfigurationError("no key")]), component="chat"
    )
    answer = handle(EVENT, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert postponed == ["m1", "m2"]
    assert steps == ["open"]


def test_clients_do_not_outlive_a_failed_start(steps, postponed, monkeypatch):
    """A start that fails half-way leaves neither clients nor threads behind, and the next one starts afresh."""
    monkeypatch.setattr("shared.lambda_start.RETRY_SECONDS", 0)
    handle = run_lambda.build_lambda_handler(opening(steps, lease_errors=[OSError("no connection")]), component="chat")
    assert steps == ["open", "leases start", "leases stop", "close"]
    assert handle(EVENT, Context()) == {"batchItemFailures": []}
    assert steps[4:] == ["open", "leases start", "event with 100 s"]
    assert postponed == []
