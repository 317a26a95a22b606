"""Messages that are given up: the copies that say why, and after how many receives the queue does it itself."""

from shared.consumer.delivery import VisibilityChange
from tests.contracts.stores.queue.queues import InMemory, bodies, copy_of, take


async def test_a_copy_says_why_it_is_there_and_nothing_else_does(on_sqs):
    """Whoever receives from the dead-letter queue reads what the worker wrote; another message says nothing."""
    on_sqs.send("a1", "a")
    (delivery,) = await take(on_sqs)
    assert delivery.attributes is None
    await on_sqs.queue.put_dead_letter(copy_of(delivery))
    on_sqs.queue._url = on_sqs.dead_letter_url
    (dead_letter,) = await take(on_sqs)
    assert dead_letter.attributes == {
        "reason": copy_of(delivery).reason,
        "error": copy_of(delivery).error,
        "attempts": str(copy_of(delivery).attempts),
        "queue": on_sqs.queue.name,
        "group": "a",
        "message_id": delivery.message_id,
    }


async def test_a_queue_knows_after_how_many_receives_it_gives_up(on_sqs):
    """None while it never does."""
    assert await on_sqs.queue.read_max_receive_count() is None
    attributes = on_sqs.client.get_queue_attributes(QueueUrl=on_sqs.dead_letter_url, AttributeNames=["QueueArn"])
    target = attributes["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{target}", "maxReceiveCount": "15"}}'
    on_sqs.client.set_queue_attributes(QueueUrl=on_sqs.url, Attributes={"RedrivePolicy": policy})
    assert await on_sqs.queue.read_max_receive_count() == 15


async def test_the_queue_in_memory_gives_up_as_well():
    """After as many receives as it was told, the next one moves the message away."""
    side = InMemory(fifo=True, max_receive_count=1)
    assert await side.queue.read_max_receive_count() == 1
    side.send("a1", "a")
    (delivery,) = await take(side)
    await side.queue.change_visibility([VisibilityChange(delivery, 0)])
    assert await take(side) == []
    assert bodies(side.queue.redriven) == ["a1"]


async def test_a_dead_letter_is_a_copy(side):
    """The body is on the dead-letter queue, and the source message is still ours to delete."""
    side.send("a1", "a")
    (delivery,) = await take(side)
    await side.queue.put_dead_letter(copy_of(delivery))
    assert side.dead_letters() == ["a1"]
    await side.queue.change_visibility([VisibilityChange(delivery, 0)])
    assert bodies(await take(side)) == ["a1"]


async def test_a_dead_letter_of_another_receive_is_not_swallowed(fifo):
    """The receive count in the deduplication id lets a second copy through, and a repeat of the same one not."""
    fifo.send("a1", "a")
    (delivery,) = await take(fifo)
    for deduplication_id in ("key#1", "key#1", "key#2"):
        await fifo.queue.put_dead_letter(copy_of(delivery, deduplication_id=deduplication_id))
    assert fifo.dead_letters() == ["a1", "a1"]


async def test_a_dead_letter_says_why_it_is_there(on_sqs):
    """Reason, error, attempts, queue, group and message id are attributes, personal data is masked."""
    side = on_sqs
    side.send("a1", "a")
    (delivery,) = await take(side)
    error = "ValueError: jan@example.com \x00 " + "x" * 2000
    await side.queue.put_dead_letter(copy_of(delivery, error=error))
    (message,) = side.received_dead_letters()
    response = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    visible = response.pop("error")
    assert visible.startswith("ValueError: [email] \ufffd x"), "SQS refuses control characters"
    assert len(visible) <= 1024
    assert response.pop("message_id") == delivery.message_id
    assert response.pop("group", "a") == "a"
    assert response == {"reason": "bug", "attempts": "5", "queue": side.queue.name}
    if side.queue.is_fifo:
        assert message["Attributes"]["MessageGroupId"] == "a"
