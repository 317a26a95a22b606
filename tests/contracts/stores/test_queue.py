"""The consumer's queue: one suite on SQS and on the queue in memory, FIFO and standard."""

from dataclasses import dataclass
from typing import Any

import pytest

from shared.aws.sqs import SqsQueue
from shared.consumer.delivery import DeadLetterCopy, VisibilityChange
from shared.ids import new_id
from tests.contracts.stores.template import create_queue
from tests.fakes.memory_queue import MemoryQueue


class InMemory:
    """The queue in memory, and what is on its dead-letter queue."""

    def __init__(self, fifo):
        self.queue = MemoryQueue(name="memory.fifo" if fifo else "memory")

    def send(self, body, group, deduplication_id=None):
        self.queue.send(body, group=group, deduplication_id=deduplication_id)

    def dead_letters(self):
        return [copy.delivery.body for copy in self.queue.dead_letters]


@dataclass
class OnSqs:
    """A pair of SQS queues, made for one test."""

    queue: SqsQueue
    client: Any
    url: str
    dead_letter_url: str

    def send(self, body, group, deduplication_id=None):
        ordering = {"MessageGroupId": group} if group else {}
        if self.url.endswith(".fifo"):
            ordering["MessageDeduplicationId"] = deduplication_id or new_id()
        self.client.send_message(QueueUrl=self.url, MessageBody=body, **ordering)

    def received_dead_letters(self):
        answer = self.client.receive_message(
            QueueUrl=self.dead_letter_url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["MessageGroupId"],
        )
        return answer.get("Messages", [])

    def dead_letters(self):
        return [message["Body"] for message in self.received_dead_letters()]


def make_sqs(request, fifo):
    client = request.getfixturevalue("emulator").client("sqs")
    calls = request.getfixturevalue("sqs")
    source, dead = ("ChatQueue", "ChatDeadLetters") if fifo else ("NotificationsQueue", "NotificationsDeadLetters")
    name = new_id()
    url = create_queue(client, source, name=name)
    dead_letter_url = create_queue(client, dead, name=f"{name}-dlq")
    queue = SqsQueue(polls=calls, calls=calls, url=url, dead_letter_url=dead_letter_url)
    return OnSqs(queue, client, url, dead_letter_url)


@pytest.fixture(params=["memory", "sqs"])
def fifo(request):
    return InMemory(fifo=True) if request.param == "memory" else make_sqs(request, fifo=True)


@pytest.fixture(params=["memory", "sqs"])
def standard(request):
    return InMemory(fifo=False) if request.param == "memory" else make_sqs(request, fifo=False)


@pytest.fixture(params=["memory fifo", "sqs fifo", "memory standard", "sqs standard"])
def side(request):
    where, kind = request.param.split()
    return InMemory(kind == "fifo") if where == "memory" else make_sqs(request, kind == "fifo")


async def take(side, most=10, *, wait=0, visibility=30):
    return list(await side.queue.receive(max_messages=most, wait_seconds=wait, visibility_seconds=visibility))


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


async def test_a_message_comes_back_after_its_time(side):
    """What nobody settles is seen again once its visibility time-out ends, within one long poll."""
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
    """Deleting or hiding a message that is gone is not reported as worth another try."""
    side.send("a1", "a")
    gone = await take(side)
    await side.queue.delete(gone)
    assert await side.queue.delete(gone) == []
    assert await side.queue.change_visibility([VisibilityChange(gone[0], 5)]) == []


async def test_an_old_receipt_settles_nothing_on_a_fifo_queue(fifo):
    """When a time-out has ended and another worker has the message, the late one can't take it away."""
    fifo.send("a1", "a")
    (late,) = await take(fifo)
    await fifo.queue.change_visibility([VisibilityChange(late, 0)])
    (current,) = await take(fifo)
    assert await fifo.queue.delete([late]) == []
    await fifo.queue.change_visibility([VisibilityChange(current, 0)])
    assert bodies(await take(fifo)) == ["a1"]


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


@pytest.mark.parametrize("is_fifo", [True, False])
async def test_a_dead_letter_says_why_it_is_there(request, is_fifo):
    """Reason, error, attempts, queue, group and message id are attributes, personal data is masked."""
    side = make_sqs(request, is_fifo)
    side.send("a1", "a")
    (delivery,) = await take(side)
    error = "ValueError: jan@example.com \x00 " + "x" * 2000
    await side.queue.dead_letter(copy_of(delivery, error=error, attributes={"trace": "Root=1", "empty": ""}))
    (message,) = side.received_dead_letters()
    said = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    shown = said.pop("error")
    assert shown.startswith("ValueError: [email] \ufffd x"), "SQS refuses control characters"
    assert len(shown) <= 1024
    assert said.pop("message_id") == delivery.message_id
    assert said.pop("group", "a") == "a"
    assert said == {"reason": "bug", "attempts": "5", "queue": side.queue.name, "trace": "Root=1"}
    if is_fifo:
        assert message["Attributes"]["MessageGroupId"] == "a"
