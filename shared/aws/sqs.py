"""SQS queues: one to receive deliveries from, and those for notices and internal commands."""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any

import structlog

from shared.aws.errors import translate_aws_errors
from shared.aws.sqs_messages import (
    build_change_request,
    build_delete_request,
    build_receive_request,
    parse_deliveries,
    parse_failed_entries,
)
from shared.aws.tracing import build_trace_attribute
from shared.consumer.delivery import DeadLetterCopy, Delivery, FailedEntry, VisibilityChange
from shared.masking import mask_personal_data
from shared.messages.commands import ChatAnswerOpen, InternalBookingCommand
from shared.messages.notices import AnyNotice, SendCode
from shared.trace import Trace, current_trace

log = structlog.get_logger()

RECEIVE_DEADLINE_SECONDS = 5.0
"""How long a receive may take beyond its wait: one that hangs fails."""

CALL_DEADLINE_SECONDS = 5.0

_MAX_ATTRIBUTE_CHARACTERS = 1024
_MAX_MESSAGE_BYTES = 1024 * 1024
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""

_INVALID_CHARACTERS = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""SQS refuses a message that contains one of them, and the text of an exception may contain any
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


class SqsQueue:
    """One queue with its dead-letter queue, through aiobotocore's clients."""

    def __init__(self, *, polls: Any, calls: Any, url: str, dead_letter_url: str) -> None:
        """Take two clients, so that a settlement never waits for a connection that a long poll uses."""
        self._polls = polls
        self._calls = calls
        self._url = url
        self._dead_letter_url = dead_letter_url
        self.name = url.rpartition("/")[2]

    @property
    def is_fifo(self) -> bool:
        """Whether messages of a group arrive in order; SQS requires this ending of the name."""
        return self.name.endswith(".fifo")

    async def receive(
        self, *, max_messages: int, wait_seconds: int, visibility_seconds: int, attempt_id: str | None = None
    ) -> Sequence[Delivery]:
        """Return up to 10 messages, waiting for the first one."""
        with translate_aws_errors("sqs.receive"):
            async with asyncio.timeout(wait_seconds + RECEIVE_DEADLINE_SECONDS):
                answer = await self._polls.receive_message(
                    **build_receive_request(self._url, max_messages, wait_seconds, visibility_seconds, attempt_id)
                )
        return parse_deliveries(answer)

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[FailedEntry]:
        """Delete up to 10 messages; return those that the queue failed to delete."""
        with translate_aws_errors("sqs.delete"):
            async with asyncio.timeout(CALL_DEADLINE_SECONDS):
                answer = await self._calls.delete_message_batch(**build_delete_request(self._url, deliveries))
        return parse_failed_entries(answer, deliveries)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> Sequence[FailedEntry]:
        """Change up to 10 time-outs; return the deliveries that the queue failed to change."""
        with translate_aws_errors("sqs.change_visibility"):
            async with asyncio.timeout(CALL_DEADLINE_SECONDS):
                answer = await self._calls.change_message_visibility_batch(**build_change_request(self._url, changes))
        return parse_failed_entries(answer, [change.delivery for change in changes])

    async def read_max_receive_count(self) -> int | None:
        """Return after how many receives SQS itself moves a message to the dead-letter queue."""
        with translate_aws_errors("sqs.attributes"):
            answer = await self._calls.get_queue_attributes(QueueUrl=self._url, AttributeNames=["RedrivePolicy"])
        policy = answer.get("Attributes", {}).get("RedrivePolicy")
        return int(json.loads(policy)["maxReceiveCount"]) if policy else None

    async def put_dead_letter(self, copy: DeadLetterCopy) -> None:
        """Put a copy on the dead-letter queue, in the same group, with the reason as attributes."""
        delivery = copy.delivery
        attributes = {
            "reason": copy.reason,
            "error": mask_personal_data(copy.error),
            "attempts": str(copy.attempts),
            "queue": self.name,
            "group": delivery.group or "",
            "message_id": delivery.message_id,
        }
        ordering = (
            {"MessageGroupId": delivery.group or "none", "MessageDeduplicationId": copy.deduplication_id}
            if self._dead_letter_url.endswith(".fifo")
            else {}
        )
        attributes = {name: value for name, value in attributes.items() if value}
        if _count_message_bytes(delivery.body, attributes) > _MAX_MESSAGE_BYTES:
            # SQS counts attributes as part of the message. A copy without attributes is better than none.
            log.error("dead_letter_without_attributes", **attributes)
            attributes = {}
        with translate_aws_errors("sqs.dead_letter"):
            await self._calls.send_message(
                QueueUrl=self._dead_letter_url,
                MessageBody=delivery.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": _to_valid_text(value)}
                    for name, value in attributes.items()
                },
                MessageSystemAttributes=build_trace_attribute(Trace.parse(delivery.trace)),
                **ordering,
            )


def _count_message_bytes(body: str, attributes: dict[str, str]) -> int:
    """Return the size of a message as SQS counts it: the body, and each attribute's name, type and value."""
    attribute_bytes = (len(f"{name}String{_to_valid_text(value)}".encode()) for name, value in attributes.items())
    return len(body.encode()) + sum(attribute_bytes)


def _to_valid_text(value: str) -> str:
    return _INVALID_CHARACTERS.sub("\ufffd", value[:_MAX_ATTRIBUTE_CHARACTERS])


class SqsNoticeQueue:
    """The queues of notices and of codes: standard, with the tenant as fair group."""

    def __init__(self, *, calls: Any, url: str, codes_url: str = "") -> None:
        """Take the URLs; without a queue of their own, codes go to that of all other notices."""
        self._calls = calls
        self._url = url
        self._codes_url = codes_url or url

    async def put(self, notice: AnyNotice) -> None:
        """Queue a notice; the notifications worker sends each id once, however often it is put."""
        trace = current_trace.get()
        with translate_aws_errors("sqs.send"):
            await self._calls.send_message(
                QueueUrl=self._codes_url if isinstance(notice, SendCode) else self._url,
                MessageBody=notice.model_dump_json(),
                MessageGroupId=notice.tenant,
                MessageSystemAttributes=build_trace_attribute(trace.begin_step() if trace else None),
            )


class SqsInternalCommandQueue:
    """A FIFO queue of internal commands."""

    def __init__(self, *, calls: Any, url: str) -> None:
        self._calls = calls
        self._url = url

    async def put(self, command: InternalBookingCommand | ChatAnswerOpen, *, group: str) -> None:
        """Queue a command; SQS drops a repeat within five minutes, and the worker recognises later ones.

        The content of such a command follows from its id, so the id is enough to recognise a repeat.
        """
        trace = current_trace.get()
        with translate_aws_errors("sqs.send"):
            await self._calls.send_message(
                QueueUrl=self._url,
                MessageBody=command.model_dump_json(by_alias=True),
                MessageGroupId=group,
                MessageDeduplicationId=command.claim_key,
                MessageSystemAttributes=build_trace_attribute(trace.begin_step() if trace else None),
            )
