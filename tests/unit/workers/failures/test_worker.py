"""The pools of the dead-letter queues in one process: one health check, one stop, each letter to its queue's work."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lifecycle import Stop
from shared.consumer.multi_queue import BatchGroup, PoolGroup
from shared.consumer.pool import Pool, PoolOptions
from tests.deadlines import DEADLINE_SECONDS
from tests.unit.workers.failures.conftest import LEASE, body_of

OPTIONS = PoolOptions(wait_seconds=0, lease=LEASE)


def pool_of(ledger):
    return Pool(
        queue=ledger.queue,
        processor=ledger.processor,
        leases=ledger.leases,
        settler=ledger.settler,
        options=OPTIONS,
    )


def record(body, *, queue, attributes=None):
    """Return a record as Lambda hands it over."""
    said = {name: {"stringValue": text, "dataType": "String"} for name, text in (attributes or {}).items()}
    return {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": body,
        "attributes": {"MessageGroupId": "s1", "ApproximateReceiveCount": "1", "SentTimestamp": "1768219200000"},
        "messageAttributes": said,
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:000000000000:{queue}",
    }


@pytest.fixture
def ledgers(make_ledger):
    return {name: make_ledger(queue=name) for name in ("chat", "booking", "notifications")}


def asked(url):
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            return answer.status, json.load(answer)["problems"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["problems"]


async def test_three_queues_are_emptied_by_one_process(ledgers, logs):
    """Letters of all of them are taken; the one health check speaks for all, and a stop ends them all."""
    for name, ledger in ledgers.items():
        ledger.queue.send(f"no json {name}", group="s1")
    stop, pools = Stop(), PoolGroup([pool_of(ledger) for ledger in ledgers.values()], health_port=0)
    working = asyncio.create_task(pools.run(stop))
    async with asyncio.timeout(DEADLINE_SECONDS):
        while any(ledger.queue.bodies() for ledger in ledgers.values()):
            await asyncio.sleep(0.01)
        started = [line for line in logs if line["event"] == "pool_started"]
        [url] = {line["health_url"] for line in started}
        assert await asyncio.to_thread(asked, f"{url}/readyz") == (200, [])
        ledgers["booking"].queue.fail_calls("receive", 1000)
        while (await asyncio.to_thread(asked, f"{url}/readyz"))[0] == 200:
            await asyncio.sleep(0.01)
        assert (await asyncio.to_thread(asked, f"{url}/livez"))[0] == 200
        stop.asked.set()
        await working
    assert {name: [one.queue for one in each.failures.rows.values()] for name, each in ledgers.items()} == {
        name: [name] for name in ledgers
    }
    assert pools.handlers_left == 0


def test_what_a_pool_left_behind_is_counted():
    """The process must not exit as if all were well."""
    pools = [SimpleNamespace(handlers_left=left) for left in (0, 2, 1)]
    assert PoolGroup(pools).handlers_left == 3


async def test_a_pool_that_breaks_ends_the_others(ledgers):
    """A process that works on two of three queues would look as if it were well."""

    async def broken():
        raise OSError("no thread")

    ledgers["booking"].leases.start = broken
    before = set(threading.enumerate())
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(
            PoolGroup([pool_of(ledger) for ledger in ledgers.values()]).run(Stop()), DEADLINE_SECONDS
        )
    async with asyncio.timeout(DEADLINE_SECONDS):
        while any(thread.name == "leases" for thread in set(threading.enumerate()) - before):
            await asyncio.sleep(0.01)


async def test_an_event_goes_to_the_work_of_its_queue(ledgers):
    """One function has the mappings of all dead-letter queues; what a copy says about itself arrives."""
    batches = BatchGroup(
        {
            ledger.queue.name: LambdaBatch(
                queue=ledger.queue,
                processor=ledger.processor,
                leases=ledger.leases,
                settler=ledger.settler,
                handler_timeout=LEASE,
            )
            for ledger in ledgers.values()
        }
    )
    events = {"chat": ("no json", {"reason": "not_json", "error": "e"}), "booking": (body_of(), None)}
    for name, (body, attributes) in events.items():
        event = {"Records": [record(body, queue=ledgers[name].queue.name, attributes=attributes)]}
        assert await batches.run(event, seconds_left=lambda: 60) == {"batchItemFailures": []}
    found = {name: [one.reason for one in each.failures.rows.values()] for name, each in ledgers.items()}
    assert found == {"chat": ["not_json"], "booking": ["receives_exhausted"], "notifications": []}
    ledgers["chat"].failures.trouble = OSError("away")
    event = {"Records": [record("more", queue=ledgers["chat"].queue.name)]}
    assert await batches.run(event) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
