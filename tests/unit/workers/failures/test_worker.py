"""The pools of the dead-letter queues in one process: one health check, one stop, one processor per queue."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.multi_queue import BatchGroup, PoolGroup
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.stop import Stop
from tests.deadlines import DEADLINE_SECONDS
from tests.unit.workers.failures.conftest import LEASE, body_of

OPTIONS = PoolOptions(wait_seconds=1, lease=LEASE)


def make_pool(worker):
    return Pool(
        queue=worker.queue,
        processor=worker.processor,
        leases=worker.leases,
        settler=worker.settler,
        options=OPTIONS,
    )


def record(body, *, queue, attributes=None):
    """Return a record of a Lambda event."""
    message_attributes = {
        name: {"stringValue": text, "dataType": "String"} for name, text in (attributes or {}).items()
    }
    return {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": body,
        "attributes": {"MessageGroupId": "s1", "ApproximateReceiveCount": "1", "SentTimestamp": "1768219200000"},
        "messageAttributes": message_attributes,
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:000000000000:{queue}",
    }


@pytest.fixture
def workers(make_worker):
    return {name: make_worker(queue=name) for name in ("chat", "booking", "notifications")}


def get_problems(url):
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            return answer.status, json.load(answer)["problems"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["problems"]


async def test_three_queues_are_emptied_by_one_process(workers, logs):
    """Dead letters of all queues are recorded; one health check covers all pools, and one stop ends them all."""
    for name, worker in workers.items():
        worker.queue.send(f"no json {name}", group="s1")
    stop, pools = Stop(), PoolGroup([make_pool(worker) for worker in workers.values()], health_port=0)
    working = asyncio.create_task(pools.run(stop))
    async with asyncio.timeout(DEADLINE_SECONDS):
        while any(worker.queue.bodies() for worker in workers.values()):
            await asyncio.sleep(0.01)
        started = [line for line in logs if line["event"] == "pool_started"]
        [url] = {line["health_url"] for line in started}
        assert await asyncio.to_thread(get_problems, f"{url}/readyz") == (200, [])
        workers["booking"].queue.fail_calls("receive", 1000)
        for worker in workers.values():
            worker.queue.end_polls()
        while (await asyncio.to_thread(get_problems, f"{url}/readyz"))[0] == 200:
            await asyncio.sleep(0.01)
        assert (await asyncio.to_thread(get_problems, f"{url}/livez"))[0] == 200
        stop.requested.set()
        await working
    assert {name: [failure.queue for failure in worker.failures.rows.values()] for name, worker in workers.items()} == {
        name: [name] for name in workers
    }
    assert pools.handlers_left == 0


def test_running_handlers_of_all_pools_are_counted():
    """The process must report handlers that did not end."""
    pools = [SimpleNamespace(handlers_left=left) for left in (0, 2, 1)]
    assert PoolGroup(pools).handlers_left == 3


async def test_a_pool_that_fails_ends_the_others(workers):
    """A process that serves two of three queues would look healthy."""

    async def fail_to_start():
        raise OSError("no thread")

    workers["booking"].leases.start = fail_to_start
    before = set(threading.enumerate())
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(
            PoolGroup([make_pool(worker) for worker in workers.values()]).run(Stop()), DEADLINE_SECONDS
        )
    async with asyncio.timeout(DEADLINE_SECONDS):
        while any(thread.name == "leases" for thread in set(threading.enumerate()) - before):
            await asyncio.sleep(0.01)


async def test_an_event_goes_to_the_processor_of_its_queue(workers):
    """One function has the mappings of all dead-letter queues; the dead-letter attributes are passed on."""
    batches = BatchGroup(
        {
            worker.queue.name: LambdaBatch(
                queue=worker.queue,
                processor=worker.processor,
                leases=worker.leases,
                settler=worker.settler,
                handler_timeout=LEASE,
            )
            for worker in workers.values()
        }
    )
    events = {"chat": ("no json", {"reason": "not_json", "error": "e"}), "booking": (body_of(), None)}
    for name, (body, attributes) in events.items():
        event = {"Records": [record(body, queue=workers[name].queue.name, attributes=attributes)]}
        assert await batches.run(event, seconds_left=lambda: 60) == {"batchItemFailures": []}
    reasons = {name: [failure.reason for failure in worker.failures.rows.values()] for name, worker in workers.items()}
    assert reasons == {"chat": ["not_json"], "booking": ["receives_exhausted"], "notifications": []}
    workers["chat"].failures.error = OSError("away")
    event = {"Records": [record("more", queue=workers["chat"].queue.name)]}
    assert await batches.run(event) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
