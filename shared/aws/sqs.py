"""An SQS queue as a source of deliveries, and as a place to put notices."""

import re
from collections.abc import Sequence
from typing import Any

from shared.aws.errors import translated
from shared.consumer.delivery import DeadLetterCopy, Delivery, VisibilityChange
from shared.log import mask_personal_data
from shared.messages.notices import AnyNotice

_MAX_ATTRIBUTE_CHARACTERS = 1024
_REFUSED_CHARACTERS = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""SQS takes no message that has one of them, and the text of an exception may have any
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


class SqsQueue:
    """One queue with its dead-letter queue."""

    def __init__(self, *, polls: Any, calls: Any, url: str, dead_letter_url: str) -> None:
        """Take two clients: one whose pool is for long polls, one for everything else."""
        self._polls = polls
        self._calls = calls
        self._url = url
        self._dead_letter_url = dead_letter_url
        self.name = url.rpartition("/")[2]

    async def receive(self, *, max_messages: int, wait_seconds: int, visibility_seconds: int) -> Sequence[Delivery]:
        """Return up to 10 messages, waiting for the first one."""
        with translated("sqs.receive"):
            answer = await self._polls.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=max_messages,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=visibility_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId", "AWSTraceHeader"],
            )
        return [_delivery(message) for message in answer.get("Messages", ())]

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        entries = [{"Id": str(n), "ReceiptHandle": one.receipt} for n, one in enumerate(deliveries)]
        with translated("sqs.delete"):
            answer = await self._calls.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return [deliveries[int(entry["Id"])] for entry in answer.get("Failed", ()) if not _hopeless(entry)]

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[Delivery]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        entries = [
            {"Id": str(n), "ReceiptHandle": one.delivery.receipt, "VisibilityTimeout": one.seconds}
            for n, one in enumerate(changes)
        ]
        with translated("sqs.change_visibility"):
            answer = await self._calls.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
        return [changes[int(entry["Id"])].delivery for entry in answer.get("Failed", ()) if not _hopeless(entry)]

    async def dead_letter(self, copy: DeadLetterCopy) -> None:
        """Put a copy on the dead-letter queue, in its own group, with why it is there."""
        delivery = copy.delivery
        attributes = {
            "reason": copy.reason,
            "error": mask_personal_data(copy.error),
            "attempts": str(copy.attempts),
            "queue": self.name,
            "group": delivery.group or "",
            "message_id": delivery.message_id,
            **copy.attributes,
        }
        ordering = (
            {"MessageGroupId": delivery.group or "none", "MessageDeduplicationId": copy.deduplication_id}
            if self._dead_letter_url.endswith(".fifo")
            else {}
        )
        with translated("sqs.dead_letter"):
            await self._calls.send_message(
                QueueUrl=self._dead_letter_url,
                MessageBody=delivery.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": _sendable(value)}
                    for name, value in attributes.items()
                    if value
                },
                **ordering,
            )


def _sendable(value: str) -> str:
    return _REFUSED_CHARACTERS.sub("\ufffd", value[:_MAX_ATTRIBUTE_CHARACTERS])


def _delivery(message: dict[str, Any]) -> Delivery:
    attributes = message.get("Attributes", {})
    return Delivery(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message.get("Body", ""),
        group=attributes.get("MessageGroupId"),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        trace=attributes.get("AWSTraceHeader"),
    )


def _hopeless(entry: dict[str, Any]) -> bool:
    """Whether trying again can't help: the receipt is no longer valid, so the message is not ours any more."""
    return entry.get("Code") in {
        "ReceiptHandleIsInvalid",
        "AWS.SimpleQueueService.ReceiptHandleIsInvalid",
        "InvalidParameterValue",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    }


class SqsNoticeQueue:
    """The notifications queue: standard, with the tenant as fair group."""

    def __init__(self, *, calls: Any, url: str) -> None:
        self._calls = calls
        self._url = url

    async def put(self, notice: AnyNotice) -> None:
        """Queue a notice; the notifications worker sends each id once, however often it is put."""
        with translated("sqs.send"):
            await self._calls.send_message(
                QueueUrl=self._url, MessageBody=notice.model_dump_json(), MessageGroupId=notice.tenant
            )
