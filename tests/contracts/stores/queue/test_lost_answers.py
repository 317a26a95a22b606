"""What a server carried out although its answer never came: asked for again, and harmless when it happens twice."""

import pytest

from shared.consumer.delivery import DeadLetterCopy, FailedEntry
from shared.errors import TransientError
from shared.ids import new_id
from tests.broker.process import running_broker
from tests.contracts.stores.queue.queues import TRANSPORTS, server_at


@pytest.fixture(scope="session")
async def running(clients):
    """Run a broker, with both transports to it."""
    with running_broker() as broker:
        async with server_at(broker.url, None, clients) as transports:
            yield broker, transports


@pytest.fixture(params=TRANSPORTS)
def at_broker(request, running):
    """Return a queue that has one message, and its broker."""
    broker, transports = running
    url = broker.queue(f"{new_id()}.fifo", fifo=True)
    broker.fill(url, count=1, body="m{n}", groups=1)
    yield transports.queue(request.param, url=url, dead_letter_url=url), broker
    broker.faults([])


async def receive(queue, attempt_id="one"):
    return await queue.receive(max_messages=10, wait_seconds=0, visibility_seconds=30, attempt_id=attempt_id)


@pytest.mark.parametrize("kind", ["throttle", "error500", "reset", "silent"])
async def test_an_answer_that_got_lost_is_asked_for_again(at_broker, give_up, kind):
    """The receive was carried out; its attempt id brings the message all the same, at once."""
    queue, broker = at_broker
    broker.faults([{"action": "ReceiveMessage", "kind": kind, "times": 1, "applied": True}])
    broker.reset_stats()
    await give_up(lambda: receive(queue), lambda: broker.stats()["faults"])
    assert await receive(queue, "another") == []
    (delivery,) = await receive(queue)
    assert delivery.receive_count == 1
    assert await queue.delete([delivery]) == []


@pytest.mark.parametrize("kind", ["throttle", "error500", "reset"])
async def test_a_delete_whose_answer_got_lost_bears_a_repeat(at_broker, kind):
    """The message is gone after the first one, and the second one says nothing that would make a third."""
    queue, broker = at_broker
    received = await receive(queue)
    broker.faults([{"action": "DeleteMessageBatch", "kind": kind, "times": 1, "applied": True}])
    with pytest.raises(TransientError):
        await queue.delete(received)
    assert all(one.gone for one in await queue.delete(received))


async def test_entries_that_fail_are_worth_another_try(at_broker):
    """The server's own error with one entry says nothing about the receipt."""
    queue, broker = at_broker
    received = await receive(queue)
    broker.faults([{"action": "DeleteMessageBatch", "kind": "fail_entries", "times": 1}])
    assert await queue.delete(received) == [FailedEntry(received[0])]
    assert await queue.delete(received) == []


async def test_rare_calls_fail_in_the_same_way(at_broker):
    """Reading the limit and writing a dead letter go through botocore in both transports."""
    queue, broker = at_broker
    (delivery,) = await receive(queue)
    copy = DeadLetterCopy(delivery=delivery, deduplication_id="key#1", reason="bug", error="no", attempts=1)
    broker.faults([{"kind": "error500", "times": 2}])
    with pytest.raises(TransientError):
        await queue.read_max_receive_count()
    with pytest.raises(TransientError):
        await queue.put_dead_letter(copy)
    await queue.put_dead_letter(copy)
