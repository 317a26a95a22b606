"""The queue's rarer calls: what goes to the dead-letter queue, and how much of it."""

import pytest
import structlog

from shared.aws.sqs import SqsQueue
from shared.consumer.delivery import DeadLetterCopy, Delivery

MEBIBYTE = 1024 * 1024


class Client:
    """Keeps what it was asked to send."""

    def __init__(self):
        self.sent = []

    async def send_message(self, **arguments):
        self.sent.append(arguments)


@pytest.fixture
def client():
    return Client()


def size_of(sent):
    """Return what SQS counts."""
    attributes = sent["MessageAttributes"].items()
    return len(sent["MessageBody"].encode()) + sum(
        len(f"{name}{value['DataType']}{value['StringValue']}".encode()) for name, value in attributes
    )


async def copy(client, body):
    queue = SqsQueue(polls=client, calls=client, url="http://sqs/1/chat.fifo", dead_letter_url="http://sqs/1/dead.fifo")
    delivery = Delivery("m1", "r1", body, group="ś" * 40)
    with structlog.testing.capture_logs() as lines:
        await queue.put_dead_letter(
            DeadLetterCopy(delivery=delivery, deduplication_id="k1#1", reason="not_json", error="ż" * 2000, attempts=0)
        )
    [sent] = client.sent
    return sent, lines


@pytest.mark.parametrize("body", ["no json", "x" * (MEBIBYTE - 4000), "ó" * (MEBIBYTE // 2 - 2000)])
async def test_a_copy_has_dead_letter_attributes(client, body):
    """Reason, error, queue and group go along, within what a message may be."""
    sent, lines = await copy(client, body)
    assert sent["MessageAttributes"]["reason"]["StringValue"] == "not_json"
    assert size_of(sent) <= MEBIBYTE
    assert lines == []


@pytest.mark.parametrize("body", ["x" * MEBIBYTE, "x" * (MEBIBYTE - 1000), "ó" * (MEBIBYTE // 2)])
async def test_a_copy_of_maximum_size_has_no_attributes(client, body):
    """SQS counts attributes as part of the message: the copy is kept without them, and the log has them."""
    sent, lines = await copy(client, body)
    assert sent["MessageBody"] == body
    assert sent["MessageAttributes"] == {}
    assert [(line["event"], line["reason"]) for line in lines] == [("dead_letter_without_attributes", "not_json")]
