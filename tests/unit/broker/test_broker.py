"""The whole broker in its process, through the real client."""

import time
import urllib.request
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.broker.process import running_broker

pytestmark = pytest.mark.process


@pytest.fixture
def set_fault(broker):
    """Put rules in force until the test ends."""
    yield lambda *rules: broker.faults(rules)
    broker.faults([])


def test_a_message_goes_through_with_all_that_belongs_to_it(broker, sqs, name):
    """Body, group, trace and attributes arrive as sent; the client's own checks of checksums pass."""
    url = broker.queue(name, VisibilityTimeout="5")
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody='Zażółć "gęślą" jaźń\n😀',
        MessageGroupId="salon",
        MessageAttributes={
            "reason": {"DataType": "String", "StringValue": "zły"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}},
    )
    (received,) = sqs.receive_message(
        QueueUrl=url, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=1
    )["Messages"]
    assert received["MessageId"] == sent["MessageId"]
    assert received["Body"] == 'Zażółć "gęślą" jaźń\n😀'
    assert received["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert received["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert received["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\x01"
    assert received["Attributes"].items() >= {
        "MessageGroupId": "salon", "AWSTraceHeader": "Root=1-2-3", "ApproximateReceiveCount": "1"
    }.items()  # fmt: skip


def test_queues_are_described(broker, sqs, name):
    """Depths, the ARN and the redrive policy can be read; a purge empties; a removed queue is gone."""
    dead = broker.queue(f"{name}-dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = broker.queue(name, RedrivePolicy={"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    broker.fill(url, count=12, body="{n}")
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]) == ("2", "10")
    assert arn in found["RedrivePolicy"]
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url, dead]
    sqs.purge_queue(QueueUrl=url)
    assert broker.stats()["queues"][name] == {"visible": 0, "in_flight": 0, "delayed": 0}
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName=name)


def test_fill_numbers_messages_and_deals_them_to_groups(broker, sqs, name):
    """`{n}` and `{g}` are replaced, and each group has its messages in order."""
    url = broker.queue(f"{name}.fifo", fifo=True)
    broker.fill(url, count=6, body="{n} of {g}", groups=2, attributes={"a": {"DataType": "String", "StringValue": "x"}})
    received = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["MessageGroupId"],
        MessageAttributeNames=["a"],
    )["Messages"]
    assert [one["Body"] for one in received] == ["0 of 0", "2 of 0", "4 of 0", "1 of 1", "3 of 1", "5 of 1"]
    assert {one["Attributes"]["MessageGroupId"] for one in received} == {"group-0", "group-1"}
    assert received[0]["MessageAttributes"]["a"]["StringValue"] == "x"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttle", (ClientError, "RequestThrottled")),
        ("error500", (ClientError, "InternalFailure")),
        ("reset", (ConnectionClosedError, "closed")),
        ("silent", (ReadTimeoutError, "timeout")),
    ],
)
def test_a_fault_strikes_a_call_and_not_the_next(short_timeout_sqs, broker, set_fault, kind, expected):
    """Each kind reaches the client as it would from AWS; with `applied` the call was carried out all the same."""
    url = broker.queue(f"hit-by-{kind}")
    set_fault({"action": "SendMessage", "kind": kind, "times": 1, "applied": True})
    error, text = expected
    with pytest.raises(error, match=text):
        short_timeout_sqs.send_message(QueueUrl=url, MessageBody="a")
    short_timeout_sqs.send_message(QueueUrl=url, MessageBody="b")
    assert broker.stats()["queues"][f"hit-by-{kind}"]["visible"] == 2


def test_entries_of_a_batch_are_made_to_fail(broker, sqs, name, set_fault):
    """The entries that fail are not carried out, and the answer names them."""
    url = broker.queue(name)
    set_fault({"action": "SendMessageBatch", "kind": "fail_entries", "times": 2})
    entries = [{"Id": str(n), "MessageBody": "a"} for n in range(3)]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["2"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("0", "InternalError"), ("1", "InternalError")]


def test_a_call_without_a_signature_is_refused(broker):
    """Nothing checks a signature, but a client that forgets it would be refused by AWS."""
    headers = {"X-Amz-Target": "AmazonSQS.ListQueues"}
    request = urllib.request.Request(broker.url, b"{}", headers)  # noqa: S310 - our own address
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310 - our own address
    refused.value.close()
    assert refused.value.code == 403


def test_latency_is_added_to_every_call():
    """A broker with latency answers that much later."""
    with running_broker(latency_ms=100) as slow:
        started = time.monotonic()
        slow.queue("slow")
        assert time.monotonic() - started >= 0.1
