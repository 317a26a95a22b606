"""The consumer's queue: one suite in memory and on two servers through two transports, FIFO and standard."""

import asyncio
import time

import pytest

from shared.consumer.delivery import VisibilityChange
from shared.errors import DeploymentError
from shared.ids import new_id
from tests.contracts.stores.queue.queues import ON_SQS, SIDES, bodies, copy_of, take
from tests.deadlines import DEADLINE_SECONDS

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


async def test_a_group_comes_in_order_and_waits_for_its_first(fifo):
    """Messages of one group come in the order of sending; while any of them is out, the group is closed."""
    for body in ("a1", "a2", "a3"):
        fifo.send(body, "a")
    first = await take(fifo, 2)
    assert bodies(first) == ["a1", "a2"]
    assert {delivery.group for delivery in first} == {"a"}
    fifo.send("b1", "b")
    assert bodies(await take(fifo)) == ["b1"]
    await fifo.queue.delete(first[:1])
    assert await take(fifo) == []
    await fifo.queue.delete(first[1:])
    assert bodies(await take(fifo)) == ["a3"]


async def test_a_message_that_is_handed_back_keeps_its_position(fifo):
    """A message that is shown again at once comes before those sent after it, and its receives are counted."""
    for body in ("a1", "a2"):
        fifo.send(body, "a")
    first = await take(fifo)
    assert [delivery.receive_count for delivery in first] == [1, 1]
    assert await fifo.queue.change_visibility([VisibilityChange(one, 0) for one in reversed(first)]) == []
    again = await take(fifo)
    assert bodies(again) == ["a1", "a2"]
    assert [delivery.receive_count for delivery in again] == [2, 2]


async def test_an_invisible_head_blocks_its_group(fifo):
    """A message that waits for its retry is not overtaken by its successor, which was handed back."""
    for body in ("a1", "a2"):
        fifo.send(body, "a")
    head, successor = await take(fifo)
    await fifo.queue.change_visibility([VisibilityChange(head, 20), VisibilityChange(successor, 0)])
    assert await take(fifo) == []


async def test_a_message_seen_before_is_swallowed(fifo):
    """A FIFO queue drops a message whose deduplication id it saw, even when the first one is gone."""
    fifo.send("a1", "a", "same")
    await fifo.queue.delete(await take(fifo))
    fifo.send("a1", "a", "same")
    fifo.send("a2", "a", "other")
    assert bodies(await take(fifo)) == ["a2"]


async def test_a_standard_queue_hides_each_message_by_itself(standard):
    """Messages with the same fair group do not wait for each other."""
    standard.send("n1", "salon")
    (first,) = await take(standard, 1)
    assert first.group in {"salon", None}
    standard.send("n2", "salon")
    (second,) = await take(standard)
    assert second.body == "n2"
    await standard.queue.change_visibility([VisibilityChange(first, 0)])
    (again,) = await take(standard)
    assert (again.body, again.receive_count) == ("n1", 2)
    assert again.receipt != first.receipt


# It lasts a second each: every transport and every server once is enough.
@pytest.mark.parametrize("where", ["memory", "lean ministack", "aiobotocore broker"])
@pytest.mark.parametrize("kind", ["fifo", "standard"])
async def test_a_message_comes_back_after_its_time(make, where, kind):
    """What nobody settles is seen again once its visibility time-out ends, within one long poll."""
    side = make(where, fifo=kind == "fifo")
    side.send("a1", "a")
    assert bodies(await take(side, visibility=1)) == ["a1"]
    assert await take(side) == []
    (again,) = await take(side, wait=3)
    assert again.receive_count == 2


async def test_deletes_come_in_batches(standard):
    """Ten messages are deleted by one call, and none of them comes back."""
    for number in range(10):
        standard.send(f"n{number}", "salon")
    received = []
    while len(received) < 10:
        received += await take(standard)
    assert await standard.queue.delete(received) == []
    await standard.queue.change_visibility([VisibilityChange(one, 0) for one in received])
    assert await take(standard) == []


async def test_a_receipt_of_a_deleted_message_is_no_error(side):
    """Deleting or hiding a message that is gone may be refused, but is never worth another try."""
    side.send("a1", "a")
    gone = await take(side)
    assert await side.queue.delete(gone) == []
    refused = [
        *await side.queue.delete(gone),
        *await side.queue.change_visibility([VisibilityChange(gone[0], 5)]),
    ]
    assert all(one.gone for one in refused)


async def test_an_old_receipt_settles_nothing_on_a_fifo_queue(fifo):
    """When a time-out has ended and another worker has the message, the late one can't take it away."""
    fifo.send("a1", "a")
    (late,) = await take(fifo)
    await fifo.queue.change_visibility([VisibilityChange(late, 0)])
    (current,) = await take(fifo)
    refused = [
        *await fifo.queue.delete([late]),
        *await fifo.queue.change_visibility([VisibilityChange(late, 0)]),
    ]
    assert all(one.gone for one in refused)
    assert await take(fifo) == []
    await fifo.queue.change_visibility([VisibilityChange(current, 0)])
    assert bodies(await take(fifo)) == ["a1"]


async def test_a_lost_lease_is_reported_as_gone(fifo):
    """Extending by an old receipt is refused for good: this is how a worker hears that it is late."""
    fifo.send("a1", "a")
    (late,) = await take(fifo)
    await fifo.queue.change_visibility([VisibilityChange(late, 0)])
    (current,) = await take(fifo)
    (refused,) = await fifo.queue.change_visibility([VisibilityChange(late, 30)])
    assert (refused.delivery, refused.gone) == (late, True)
    assert await fifo.queue.change_visibility([VisibilityChange(current, 30)]) == []


async def test_what_is_refused_is_named_among_its_batch(fifo):
    """The others are carried out, and the refused one is the one that it was."""
    for number in range(3):
        fifo.send(f"m{number}", f"g{number}")
    received = await take(fifo)
    await fifo.queue.delete([received[1]])
    changes = [VisibilityChange(one, 0) for one in received]
    assert [one.delivery for one in await fifo.queue.change_visibility(changes)] == [received[1]]
    assert sorted(bodies(await take(fifo))) == sorted(bodies([received[0], received[2]]))


async def test_a_delivery_says_when_it_was_sent(side):
    """In seconds since the epoch: how long it waited is what the dashboard shows."""
    began = time.time()
    side.send("a1", "a")
    (delivery,) = await take(side)
    assert began - 1 <= delivery.sent_at <= time.time() + 1


async def test_the_trace_comes_along(on_sqs):
    """As the sender wrote it, and on to the dead-letter queue."""
    on_sqs.send("a1", "a", trace=TRACE)
    (delivery,) = await take(on_sqs)
    assert delivery.trace == TRACE
    await on_sqs.queue.put_dead_letter(copy_of(delivery))
    (message,) = on_sqs.received_dead_letters()
    assert message["Attributes"]["AWSTraceHeader"] == TRACE


async def test_a_message_without_a_trace_has_none(side):
    """Which is what most senders write."""
    side.send("a1", "a")
    (delivery,) = await take(side)
    assert delivery.trace is None


@pytest.mark.parametrize(
    "text", ["zażółć 💇 \u2028", '"\\\n\t</html>', "x" * 200_000], ids=["letters", "escapes", "long"]
)
async def test_a_body_comes_as_it_was_sent(standard, text):
    """Whatever has a meaning in JSON or in HTTP."""
    standard.send(text, "a")
    (delivery,) = await take(standard)
    assert delivery.body == text


@pytest.mark.parametrize("where", ON_SQS)
@pytest.mark.parametrize("fifo", [True, False])
async def test_a_queue_that_is_not_there_is_a_matter_of_deployment(servers, where, fifo):
    """No message is to blame, so none is given up for it."""
    transport, name = where.split()
    server = servers[name]
    url = f"{server.client.meta.endpoint_url}/000000000000/{new_id()}{'.fifo' if fifo else ''}"
    queue = server.queue(transport, url=url, dead_letter_url=url)
    with pytest.raises(DeploymentError):
        await queue.receive(max_messages=1, wait_seconds=0, visibility_seconds=30)


@pytest.mark.parametrize("where", SIDES)
async def test_a_long_poll_brings_what_comes_meanwhile(make, where):
    """It is open when the message is sent, and comes home with it long before its time is over."""
    side = make(where, fifo=True)
    poll = asyncio.create_task(take(side, wait=20))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(side.send, "a1", "a")
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert bodies(await poll) == ["a1"]
