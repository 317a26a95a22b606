"""The consumer's queue: one suite in memory and on two servers through two transports, FIFO and standard."""

import asyncio
import time

import boto3
import pytest

from infra.aws import REGION
from infra.local.broker.process import running_broker
from shared.consumer.delivery import DeadLetterCopy, VisibilityChange
from shared.errors import DeploymentError
from shared.ids import new_id
from tests.contracts.stores.queues import BLOCKING, TRANSPORTS, InMemory, server_at

ON_SQS = [f"{transport} {server}" for server in ("ministack", "broker") for transport in TRANSPORTS]
SIDES = ["memory", *ON_SQS]
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(scope="session")
async def ministack(emulator, clients):
    async with server_at(emulator.endpoint_url, emulator.client("sqs"), clients) as server:
        yield server


@pytest.fixture(scope="session")
async def broker(clients):
    with running_broker() as running:
        client = boto3.client("sqs", region_name=REGION, endpoint_url=running.url, config=BLOCKING)
        async with server_at(running.url, client, clients) as server:
            yield server


@pytest.fixture
def make(request):
    """Return a function that makes a queue of one kind at one place."""

    def make(where, *, fifo):
        if where == "memory":
            return InMemory(fifo=fifo)
        transport, server = where.split()
        return request.getfixturevalue(server).make(transport, fifo=fifo)

    return make


@pytest.fixture(params=SIDES)
def fifo(request, make):
    return make(request.param, fifo=True)


@pytest.fixture(params=SIDES)
def standard(request, make):
    return make(request.param, fifo=False)


@pytest.fixture(params=[f"{where} {kind}" for where in SIDES for kind in ("fifo", "standard")])
def side(request, make):
    where, _, kind = request.param.rpartition(" ")
    return make(where, fifo=kind == "fifo")


@pytest.fixture(params=[f"{where} {kind}" for where in ON_SQS for kind in ("fifo", "standard")])
def on_sqs(request, make):
    where, _, kind = request.param.rpartition(" ")
    return make(where, fifo=kind == "fifo")


async def take(side, most=10, *, wait=0, visibility=30, attempt=None):
    received = side.queue.receive(
        max_messages=most, wait_seconds=wait, visibility_seconds=visibility, attempt_id=attempt
    )
    return list(await received)


def bodies(deliveries):
    return [delivery.body for delivery in deliveries]


def copy_of(delivery, **changes):
    fields = {"deduplication_id": "key#1", "reason": "bug", "error": "ValueError: no", "attempts": 5}
    return DeadLetterCopy(delivery=delivery, **fields | changes)


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


async def test_what_is_handed_back_keeps_its_place(fifo):
    """A message that is shown again at once comes before those sent after it, and its receives are counted."""
    for body in ("a1", "a2"):
        fifo.send(body, "a")
    first = await take(fifo)
    assert [delivery.receive_count for delivery in first] == [1, 1]
    assert await fifo.queue.change_visibility([VisibilityChange(one, 0) for one in reversed(first)]) == []
    again = await take(fifo)
    assert bodies(again) == ["a1", "a2"]
    assert [delivery.receive_count for delivery in again] == [2, 2]


async def test_a_hidden_head_keeps_its_group_closed(fifo):
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
    taken = []
    while len(taken) < 10:
        taken += await take(standard)
    assert await standard.queue.delete(taken) == []
    await standard.queue.change_visibility([VisibilityChange(one, 0) for one in taken])
    assert await take(standard) == []


async def test_a_receipt_of_a_deleted_message_is_no_trouble(side):
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


async def test_a_lease_that_was_taken_is_said_to_be_gone(fifo):
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
    taken = await take(fifo)
    await fifo.queue.delete([taken[1]])
    changes = [VisibilityChange(one, 0) for one in taken]
    assert [one.delivery for one in await fifo.queue.change_visibility(changes)] == [taken[1]]
    assert sorted(bodies(await take(fifo))) == sorted(bodies([taken[0], taken[2]]))


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
    await on_sqs.queue.dead_letter(copy_of(delivery))
    (message,) = on_sqs.received_dead_letters()
    assert message["Attributes"]["AWSTraceHeader"] == TRACE


async def test_a_copy_says_why_it_is_there_and_nothing_else_does(on_sqs):
    """Whoever receives from the dead-letter queue reads what the worker wrote; another message says nothing."""
    on_sqs.send("a1", "a")
    (delivery,) = await take(on_sqs)
    assert delivery.attributes is None
    await on_sqs.queue.dead_letter(copy_of(delivery))
    on_sqs.queue._url = on_sqs.dead_letter_url
    (letter,) = await take(on_sqs)
    assert letter.attributes == {
        "reason": copy_of(delivery).reason,
        "error": copy_of(delivery).error,
        "attempts": str(copy_of(delivery).attempts),
        "queue": on_sqs.queue.name,
        "group": "a",
        "message_id": delivery.message_id,
    }


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


async def test_a_queue_knows_after_how_many_receives_it_gives_up(on_sqs):
    """None while it never does."""
    assert await on_sqs.queue.max_receive_count() is None
    attributes = on_sqs.client.get_queue_attributes(QueueUrl=on_sqs.dead_letter_url, AttributeNames=["QueueArn"])
    target = attributes["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{target}", "maxReceiveCount": "15"}}'
    on_sqs.client.set_queue_attributes(QueueUrl=on_sqs.url, Attributes={"RedrivePolicy": policy})
    assert await on_sqs.queue.max_receive_count() == 15


async def test_the_queue_in_memory_gives_up_as_well():
    """After as many receives as it was told, the next one moves the message away."""
    side = InMemory(fifo=True, max_receive_count=1)
    assert await side.queue.max_receive_count() == 1
    side.send("a1", "a")
    (delivery,) = await take(side)
    await side.queue.change_visibility([VisibilityChange(delivery, 0)])
    assert await take(side) == []
    assert bodies(side.queue.redriven) == ["a1"]


# MiniStack takes the attempt id and does nothing with it.
REMEMBERS_ATTEMPTS = [where for where in SIDES if "ministack" not in where]


@pytest.mark.parametrize("where", REMEMBERS_ATTEMPTS)
async def test_a_repeated_receive_returns_the_same_messages(make, where):
    """By its attempt id, under receipts that settle them; another id gets others."""
    side = make(where, fifo=True)
    for number in range(4):
        side.send(f"m{number}", f"g{number}")
    first = await take(side, 2, attempt="one")
    again = await take(side, 2, attempt="one")
    assert bodies(again) == bodies(first)
    assert [one.receive_count for one in again] == [1, 1]
    assert not {*bodies(await take(side, 2, attempt="two"))} & {*bodies(first)}
    assert await side.queue.delete(again) == []
    assert await take(side, attempt="three") == []


@pytest.mark.parametrize("where", REMEMBERS_ATTEMPTS)
async def test_a_repeated_receive_returns_nothing_that_was_settled(make, where):
    """Once any of them was deleted or handed back, the attempt is over."""
    side = make(where, fifo=True)
    for number in range(2):
        side.send(f"m{number}", f"g{number}")
    first = await take(side, attempt="one")
    await side.queue.delete(first[:1])
    assert await take(side, attempt="one") == []


@pytest.mark.parametrize("where", REMEMBERS_ATTEMPTS)
async def test_an_attempt_that_took_nothing_may_take_later(make, where):
    """A repeated receive that found nothing the first time is a receive like any other."""
    side = make(where, fifo=True)
    assert await take(side, attempt="one") == []
    side.send("a1", "a")
    assert bodies(await take(side, attempt="one")) == ["a1"]


@pytest.mark.parametrize("where", ON_SQS)
@pytest.mark.parametrize("fifo", [True, False])
async def test_a_queue_that_is_not_there_is_a_matter_of_deployment(request, where, fifo):
    """No message is to blame, so none is given up for it."""
    transport, name = where.split()
    server = request.getfixturevalue(name)
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
    async with asyncio.timeout(5):
        assert bodies(await poll) == ["a1"]


async def test_a_dead_letter_is_a_copy(side):
    """The body is on the dead-letter queue, and the source message is still ours to delete."""
    side.send("a1", "a")
    (delivery,) = await take(side)
    await side.queue.dead_letter(copy_of(delivery))
    assert side.dead_letters() == ["a1"]
    await side.queue.change_visibility([VisibilityChange(delivery, 0)])
    assert bodies(await take(side)) == ["a1"]


async def test_a_dead_letter_of_another_receive_is_not_swallowed(fifo):
    """The receive count in the deduplication id lets a second copy through, and a repeat of the same one not."""
    fifo.send("a1", "a")
    (delivery,) = await take(fifo)
    for deduplication_id in ("key#1", "key#1", "key#2"):
        await fifo.queue.dead_letter(copy_of(delivery, deduplication_id=deduplication_id))
    assert fifo.dead_letters() == ["a1", "a1"]


async def test_a_dead_letter_says_why_it_is_there(on_sqs):
    """Reason, error, attempts, queue, group and message id are attributes, personal data is masked."""
    side = on_sqs
    side.send("a1", "a")
    (delivery,) = await take(side)
    error = "ValueError: jan@example.com \x00 " + "x" * 2000
    await side.queue.dead_letter(copy_of(delivery, error=error))
    (message,) = side.received_dead_letters()
    said = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    shown = said.pop("error")
    assert shown.startswith("ValueError: [email] \ufffd x"), "SQS refuses control characters"
    assert len(shown) <= 1024
    assert said.pop("message_id") == delivery.message_id
    assert said.pop("group", "a") == "a"
    assert said == {"reason": "bug", "attempts": "5", "queue": side.queue.name}
    if side.queue.is_fifo:
        assert message["Attributes"]["MessageGroupId"] == "a"
