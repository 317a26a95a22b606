"""Puts commands on the FIFO queues."""

from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.tracing import build_trace_attribute
from shared.ids import compute_fingerprint
from shared.messages.commands import AnyCommand, BookingCreate
from shared.trace import Trace

_PROOF_DIGITS = 16
"""Together 114 characters; SQS allows 128."""

_FOR_CHAT = frozenset({"chat.send", "handover.request"})


class SqsCommandPublisher:
    """One message group per session: order for each visitor, no waiting for other visitors."""

    def __init__(self, *, client: Any, chat_url: str, booking_url: str) -> None:
        self._client = client
        self._chat_url = chat_url
        self._booking_url = booking_url

    def publish(self, command: AnyCommand) -> None:
        """Return once SQS has the command.

        The deduplication id is the command key with the payload's fingerprint: SQS swallows the same command
        sent twice, but lets the same id with other content through to the worker, which refuses it. It also lets the
        same command with a proof through, which comes seconds after the one without.
        """
        body = command.data.model_dump_json()
        deduplication_id = f"{command.id}#{compute_fingerprint(f'{command.type} {body}')}"
        if isinstance(command, BookingCreate) and command.proof:
            deduplication_id += f"#{compute_fingerprint(command.proof)[:_PROOF_DIGITS]}"
        # Read once more: SQS would refuse a message whose header is malformed.
        trace = Trace.parse(command.trace)
        with translate_aws_errors("sqs.send"):
            self._client.send_message(
                QueueUrl=self._chat_url if command.type in _FOR_CHAT else self._booking_url,
                MessageBody=command.model_dump_json(by_alias=True),
                MessageGroupId=command.session_id,
                MessageDeduplicationId=deduplication_id,
                MessageSystemAttributes=build_trace_attribute(trace),
            )
