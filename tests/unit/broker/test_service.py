"""Calls as JSON: batches that fail in part, deduplication, refusals, long polls."""

import asyncio
import json

import pytest

from tests.fakes.turned_loop import run_turned

FIFO = {"FifoQueue": "true"}


class Asked:
    """Keeps the answer of one call."""

    gone = False

    def __init__(self):
        self.status = None

    def answer(self, body, *, status=200, query_error=""):
        self.content, self.status, self.query_error = json.loads(body), status, query_error


@pytest.fixture
def ask(service):
    """Carry out a call and return what it was answered."""

    def ask(action, **call):
        asked = Asked()
        service.carry_out(action, json.dumps(call).encode(), asked)
        return asked

    return ask


def test_a_batch_fails_in_part(ask):
    """Entries with a bad receipt fail with their code; the others are done."""
    url = ask("CreateQueue", QueueName="jobs").content["QueueUrl"]
    ask("SendMessage", QueueUrl=url, MessageBody="a")
    (message,) = ask("ReceiveMessage", QueueUrl=url).content["Messages"]
    entries = [{"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "bad", "ReceiptHandle": "x"}]
    answer = ask("DeleteMessageBatch", QueueUrl=url, Entries=entries).content
    assert answer["Successful"] == [{"Id": "good"}]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]


@pytest.mark.parametrize(
    ("action", "call", "query_error"),
    [
        ("SendMessage", {"QueueUrl": "gone", "MessageBody": "a"}, "AWS.SimpleQueueService.NonExistentQueue;Sender"),
        ("SendMessage", {"QueueUrl": "jobs"}, "MissingParameter;Sender"),
        ("SendMessage", {"QueueUrl": "jobs", "MessageBody": "\x00"}, "InvalidMessageContents;Sender"),
        ("SendMessage", {"QueueUrl": "jobs.fifo", "MessageBody": "a"}, "MissingParameter;Sender"),
        ("ReceiveMessage", {"QueueUrl": "jobs", "MaxNumberOfMessages": 11}, "InvalidParameterValue;Sender"),
        ("DeleteMessageBatch", {"QueueUrl": "jobs"}, "AWS.SimpleQueueService.EmptyBatchRequest;Sender"),
        ("CreateQueue", {"QueueName": "jobs", "Attributes": {"VisibilityTimeout": "9"}}, "QueueAlreadyExists;Sender"),
        ("CreateQueue", {"QueueName": "x", "Attributes": {"Nonsense": "9"}}, "InvalidAttributeName;Sender"),
        ("CreateQueue", {"QueueName": "x", "Attributes": {"RedrivePolicy": "{}"}}, "InvalidParameterValue;Sender"),
        ("Nonsense", {}, "InvalidAction;Sender"),
    ],
)
def test_refusals(ask, action, call, query_error):
    """What SQS refuses is refused with the code that clients read."""
    ask("CreateQueue", QueueName="jobs")
    ask("CreateQueue", QueueName="jobs.fifo", Attributes=FIFO)
    asked = ask(action, **call)
    assert (asked.status, asked.query_error) == (400, query_error)


@pytest.mark.parametrize(
    ("scope", "groups", "received"),
    [("queue", ("g", "h"), 1), ("messageGroup", ("g", "h"), 2), ("messageGroup", "gg", 1)],
)
def test_a_deduplication_id_is_accepted_once_in_five_minutes(ask, clock, scope, groups, received):
    """A second message with an id is dropped, within its scope, and its sender gets the first one's message id."""
    ask("CreateQueue", QueueName="jobs.fifo", Attributes={**FIFO, "DeduplicationScope": scope})
    call = {"QueueUrl": "jobs.fifo", "MessageBody": "a", "MessageDeduplicationId": "d"}
    ids = {ask("SendMessage", **call, MessageGroupId=group).content["MessageId"] for group in groups}
    assert len(ids) == received
    answer = ask("ReceiveMessage", QueueUrl="jobs.fifo", MaxNumberOfMessages=10).content
    assert len(answer["Messages"]) == received
    clock.seconds += 301
    assert ask("SendMessage", **call, MessageGroupId="g").content["MessageId"] not in ids


def test_a_waiting_receive_is_answered_when_a_message_comes(ask):
    """Receives that wait are served in their order, each message once; the others hear of nothing in the end."""

    async def scenario():
        ask("CreateQueue", QueueName="jobs")
        waiting = [ask("ReceiveMessage", QueueUrl="jobs", WaitTimeSeconds=1) for _ in range(2)]
        ask("SendMessage", QueueUrl="jobs", MessageBody="a")
        assert [len(waiting[0].content["Messages"]), waiting[1].status] == [1, None]
        await asyncio.sleep(0.9)
        assert waiting[1].status is None
        await asyncio.sleep(0.2)
        assert waiting[1].content == {}

    run_turned(scenario())


def test_a_waiting_receive_sees_a_message_show_again(ask, clock):
    """A message whose time-out ends reaches who waits for it; who has hung up is passed over."""

    async def scenario():
        ask("CreateQueue", QueueName="jobs")
        ask("SendMessage", QueueUrl="jobs", MessageBody="a")
        ask("ReceiveMessage", QueueUrl="jobs", VisibilityTimeout=10)
        left, waiting = (ask("ReceiveMessage", QueueUrl="jobs", WaitTimeSeconds=20) for _ in range(2))
        left.gone = True
        clock.seconds += 10
        await asyncio.sleep(0.1)
        assert len(waiting.content["Messages"]) == 1
        assert left.status is None or left.content == {}

    run_turned(scenario())


@pytest.mark.parametrize(
    ("body", "attribute", "is_accepted"), [(1_048_576, 0, True), (1_048_577, 0, False), (1_048_000, 900, False)]
)
def test_attributes_count_as_part_of_a_message(ask, body, attribute, is_accepted):
    """A message may have a mebibyte in all, as on AWS."""
    url = ask("CreateQueue", QueueName="jobs").content["QueueUrl"]
    attributes = {"error": {"DataType": "String", "StringValue": "x" * attribute}} if attribute else {}
    answer = ask("SendMessage", QueueUrl=url, MessageBody="x" * body, MessageAttributes=attributes)
    assert (answer.status == 200) is is_accepted
