"""SendMessage: puts a message on its queue, or returns the earlier one with the same deduplication id."""

import hashlib
import re
import time
from typing import Any

from tests.broker.attributes import MessageAttributes, Values, md5_of
from tests.broker.errors import SqsError, invalid_parameter
from tests.broker.message import Message, render
from tests.broker.queue import Queue

_MAX_BYTES = 1_048_576
_INVALID_CHARACTERS = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_ATTRIBUTES = 10


def send(queue: Queue, call: dict[str, Any]) -> dict[str, Any]:
    """Put a message on the queue and return the answer to its sender.

    Raises:
        SqsError: SQS would refuse the message.
    """
    body = call["MessageBody"]
    if not body:
        raise SqsError("MissingParameter", "The request must contain the parameter MessageBody.")
    attributes = call.get("MessageAttributes") or {}
    if _size(body, attributes) > _MAX_BYTES:
        raise invalid_parameter(f"One or more parameters are invalid. Message must be shorter than {_MAX_BYTES} bytes.")
    if _INVALID_CHARACTERS.search(body):
        raise SqsError("InvalidMessageContents", "Invalid characters found.")
    if len(attributes) > _MAX_ATTRIBUTES:
        raise invalid_parameter("Number of message attributes [more than 10] exceeds the allowed maximum [10].")
    if any(_INVALID_CHARACTERS.search(value.get("StringValue", "")) for value in attributes.values()):
        raise invalid_parameter("Invalid characters found in a message attribute.")
    deduplication_id = _deduplication_id(queue, call, body) if queue.settings.fifo else None
    message = queue.sent_ids.get(_deduplication_key(queue, call, deduplication_id)) if deduplication_id else None
    if message is None:
        message = _put(queue, call, deduplication_id)
    answer = {"MessageId": message.message_id, "MD5OfMessageBody": message.md5}
    if message.attributes:
        answer["MD5OfMessageAttributes"] = message.attributes.md5
    if call.get("MessageSystemAttributes"):
        answer["MD5OfMessageSystemAttributes"] = md5_of(call["MessageSystemAttributes"])
    if deduplication_id:
        answer["SequenceNumber"] = message.sequence_number
    return answer


def _size(body: str, attributes: Values) -> int:
    """Return the size of a message: the body, and name, type and value of each attribute.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    """
    described = (f"{name}{one.get('DataType')}{one.get('StringValue')}" for name, one in attributes.items())
    return sum(len(text.encode(errors="replace")) for text in (body, *described))


def _put(queue: Queue, call: dict[str, Any], deduplication_id: str | None) -> Message:
    trace = (call.get("MessageSystemAttributes") or {}).get("AWSTraceHeader") or {}
    message = Message(
        render(call["MessageBody"]),
        sent_ms=time.time_ns() // 1_000_000,
        group=call.get("MessageGroupId"),
        deduplication_id=deduplication_id,
        trace=trace.get("StringValue"),
        attributes=MessageAttributes.of(call.get("MessageAttributes")),
    )
    delay = call.get("DelaySeconds")
    if delay and queue.settings.fifo:
        raise invalid_parameter(f"Value {delay} for parameter DelaySeconds is invalid. Reason: this is a FIFO queue.")
    queue.put(message, delay_seconds=queue.settings.delay_seconds if delay is None else delay)
    queue.counts.sent += 1
    if deduplication_id:
        queue.sent_ids.put(_deduplication_key(queue, call, deduplication_id), message)
    return message


def _deduplication_id(queue: Queue, call: dict[str, Any], body: str) -> str:
    if not call.get("MessageGroupId"):
        raise SqsError("MissingParameter", "The request must contain the parameter MessageGroupId.")
    given = call.get("MessageDeduplicationId")
    if not given and not queue.settings.content_based:
        raise invalid_parameter("The queue needs ContentBasedDeduplication, or the message a MessageDeduplicationId.")
    return str(given or hashlib.sha256(body.encode()).hexdigest())


def _deduplication_key(queue: Queue, call: dict[str, Any], deduplication_id: str) -> str:
    of_group = queue.settings.all()["DeduplicationScope"] == "messageGroup"
    return f"{call['MessageGroupId']} {deduplication_id}" if of_group else deduplication_id
