"""The records of an event whose worker could not be started, on SQS."""

import json

import pytest

from shared.aws.postpone_records import postpone_records
from shared.ids import new_id
from tests.contracts.stores.template import create_queue


@pytest.fixture
def queue(emulator):
    """Create a queue of the template; return its URL, its ARN and a client."""
    client = emulator.client("sqs")
    url = create_queue(client, "ChatQueue", name=f"postponed-{new_id()}")
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return client, url, attributes["QueueArn"]


def receive(client, url):
    answer = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], WaitTimeSeconds=0
    )
    return answer.get("Messages", [])


def as_event(messages, arn):
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "eventSourceARN": arn,
        }
        for message in messages
    ]


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_records_are_hidden_for_a_pause_instead_of_the_time_out_of_the_queue(queue, capsys, monkeypatch):
    """Only the ARN of the record says which queue it is; the messages come back soon, in order."""
    monkeypatch.setattr("shared.consumer.postponement.FIRST_PAUSE_SECONDS", 1)
    client, url, arn = queue
    for number in range(3):
        client.send_message(
            QueueUrl=url, MessageBody=f"m{number}", MessageGroupId="visitor", MessageDeduplicationId=new_id()
        )
    received = receive(client, url)

    postpone_records(as_event(received, arn), component="chat")

    assert receive(client, url) == []
    assert [(line["event"], line["records"], line["seconds"]) for line in lines(capsys)] == [
        ("records_postponed", 3, 1)
    ]
    again = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in again] == [message["Body"] for message in received] == ["m0", "m1", "m2"]


def test_what_sqs_refuses_is_logged_and_nothing_is_raised(queue, capsys):
    """The event is reported as failed in any case; the messages are hidden for the time-out of the queue."""
    _, _, arn = queue
    gone = {"messageId": "m1", "receiptHandle": "no receipt", "body": "", "attributes": {}, "eventSourceARN": arn}
    postpone_records([gone], component="chat")
    postpone_records([gone | {"eventSourceARN": f"{arn}-unknown"}], component="chat")
    first, *_, last = lines(capsys)
    assert first["event"] == last["event"] == "records_not_postponed"
    assert "NonExistentQueue" in last["error"] or "QueueDoesNotExist" in last["error"]
