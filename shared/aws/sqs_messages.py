"""Builds the requests to SQS about deliveries and reads the answers, for both transports."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from shared.consumer.delivery import Delivery, FailedEntry, VisibilityChange, make_delivery
from shared.errors import TransientError

_SYSTEM_ATTRIBUTES = ["ApproximateReceiveCount", "MessageGroupId", "SentTimestamp", "AWSTraceHeader"]
DEAD_LETTER_ATTRIBUTES = ("reason", "error", "attempts", "queue", "group", "message_id")
"""The attributes of a copy on a dead-letter queue; other messages have none of them."""

_INVALID_RECEIPT_CODES = frozenset(
    {
        "ReceiptHandleIsInvalid",
        "AWS.SimpleQueueService.ReceiptHandleIsInvalid",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    }
)
"""The receipt is no longer valid: another worker may have the message."""


def build_receive_request(
    url: str, max_messages: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None
) -> dict[str, Any]:
    """Return the parameters of a ReceiveMessage."""
    request = {
        "QueueUrl": url,
        "MaxNumberOfMessages": max_messages,
        "WaitTimeSeconds": wait_seconds,
        "VisibilityTimeout": visibility_seconds,
        "MessageSystemAttributeNames": _SYSTEM_ATTRIBUTES,
        "MessageAttributeNames": DEAD_LETTER_ATTRIBUTES,
    }
    return request if attempt_id is None else {**request, "ReceiveRequestAttemptId": attempt_id}


def build_delete_request(url: str, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """Return the parameters of a DeleteMessageBatch; the id of an entry is its position, so that it is unique."""
    entries = [{"Id": str(n), "ReceiptHandle": one.receipt} for n, one in enumerate(deliveries)]
    return {"QueueUrl": url, "Entries": entries}


def build_change_request(url: str, changes: Sequence[VisibilityChange]) -> dict[str, Any]:
    """Return the parameters of a ChangeMessageVisibilityBatch."""
    entries = [
        {"Id": str(n), "ReceiptHandle": one.delivery.receipt, "VisibilityTimeout": one.seconds}
        for n, one in enumerate(changes)
    ]
    return {"QueueUrl": url, "Entries": entries}


def parse_deliveries(answer: dict[str, Any]) -> list[Delivery]:
    """Return the deliveries of a ReceiveMessage's answer.

    Raises:
        TransientError: the answer is not one of SQS; a proxy may send anything.
    """
    with _translate_malformed_answers():
        return [_parse_delivery(message) for message in answer.get("Messages") or ()]


def parse_failed_entries(answer: dict[str, Any], deliveries: Sequence[Delivery]) -> list[FailedEntry]:
    """Return the entries of a batch that were not carried out: every one that the answer does not call successful.

    Raises:
        TransientError: the answer is not one of SQS.
    """
    with _translate_malformed_answers():
        done = answer.get("Successful") or ()
        failed = answer.get("Failed") or ()
        if not failed and len(done) == len(deliveries):
            return []
        successful = {entry["Id"] for entry in done}
        codes = {entry["Id"]: entry.get("Code") for entry in failed}
        return [
            FailedEntry(delivery, gone=codes.get(str(n)) in _INVALID_RECEIPT_CODES)
            for n, delivery in enumerate(deliveries)
            if str(n) not in successful
        ]


@contextmanager
def _translate_malformed_answers() -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TransientError(f"sqs: an answer that can't be read: {type(error).__name__}") from error


def _parse_delivery(message: dict[str, Any]) -> Delivery:
    texts = message.get("MessageAttributes")
    return make_delivery(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message.get("Body", ""),
        attributes=message.get("Attributes", {}),
        texts=None if texts is None else _parse_string_values(texts),
    )


def _parse_string_values(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: str(each["StringValue"]) for name, each in attributes.items() if "StringValue" in each}
