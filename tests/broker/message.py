"""One message in memory, most of its JSON rendered once, when it was sent."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

from tests.broker.attributes import MessageAttributes

_ID_AT = slice(len('"MessageId":"'), len('"MessageId":"') + 36)
_MD5_AT = slice(_ID_AT.stop + len('","MD5OfBody":"'), _ID_AT.stop + len('","MD5OfBody":"') + 32)
_SALT = f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-4{secrets.token_hex(2)[1:]}-8{secrets.token_hex(2)[1:]}-"
_numbers = count(1)


class Message:
    """What is kept per message; small, because a backlog may have a million of them."""

    __slots__ = (
        "attributes", "bucket", "deduplication_id", "deleted", "first_received_ms", "group", "number",
        "receipt", "receives", "rendered", "sent_ms", "source_arn", "trace",
    )  # fmt: skip

    def __init__(
        self,
        rendered: str,
        *,
        sent_ms: int,
        group: str | None = None,
        deduplication_id: str | None = None,
        trace: str | None = None,
        attributes: MessageAttributes | None = None,
    ) -> None:
        self.number = next(_numbers)
        """In the order of sending, for the whole process."""
        self.rendered = rendered
        self.sent_ms = sent_ms
        self.group = group
        self.deduplication_id = deduplication_id
        self.trace = trace
        self.attributes = attributes
        self.source_arn: str | None = None
        self.receives = 0
        self.first_received_ms = 0
        self.receipt = ""
        """The handle of the last receive."""
        self.bucket: set[Message] | None = None
        """Where it waits for the end of its visibility time-out or delay; None when it can be received."""
        self.deleted = False

    @property
    def message_id(self) -> str:
        """Return the id."""
        return self.rendered[_ID_AT]

    @property
    def md5(self) -> str:
        """Return the body's checksum."""
        return self.rendered[_MD5_AT]

    @property
    def sequence_number(self) -> str:
        """Return what orders the messages of a FIFO queue: 20 digits."""
        return f"{10**19 + self.number}"


def rendered(body: str) -> str:
    """Render the members of a new message that never change."""
    return rendered_parts(body, json.dumps(body))


def rendered_parts(body: str, body_json: str) -> str:
    """Render as `rendered` does, with the body's JSON made by the caller."""
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return f'"MessageId":"{_SALT}{next(_numbers):012x}","MD5OfBody":"{digest}","Body":{body_json}'


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which members beside the body a receiver asked for."""

    system: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()

    @staticmethod
    def of(system: Iterable[str], attributes: Sequence[str]) -> "Wanted":
        """Return the one for these names, made once."""
        return _wanted(tuple(system), tuple(attributes))

    def render(self, message: Message) -> str:
        """Return the message as JSON."""
        more = f",{self._system(message)}" if self.system else ""
        if self.attributes and message.attributes:
            more += message.attributes.chosen(self.attributes)
        return f'{{{message.rendered},"ReceiptHandle":"{message.receipt}"{more}}}'

    def _system(self, message: Message) -> str:
        wanted = self.system
        parts = []
        if "ApproximateReceiveCount" in wanted:
            parts.append(f'"ApproximateReceiveCount":"{message.receives}"')
        if message.group is not None and "MessageGroupId" in wanted:
            parts.append(f'"MessageGroupId":{json.dumps(message.group)}')
        if message.trace is not None and "AWSTraceHeader" in wanted:
            parts.append(f'"AWSTraceHeader":{json.dumps(message.trace)}')
        if "SentTimestamp" in wanted:
            parts.append(f'"SentTimestamp":"{message.sent_ms}"')
        if len(wanted) > len(parts):
            parts += self._seldom(message)
        return f'"Attributes":{{{",".join(parts)}}}'

    def _seldom(self, message: Message) -> Iterable[str]:
        seldom = {
            "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
            "SenderId": "AIDALOCAL",
            "MessageDeduplicationId": message.deduplication_id,
            "SequenceNumber": message.sequence_number if message.deduplication_id else None,
            "DeadLetterQueueSourceArn": message.source_arn,
        }
        return [f'"{name}":{json.dumps(seldom[name])}' for name in seldom if name in self.system and seldom[name]]


SYSTEM_ATTRIBUTES = frozenset(
    {
        "ApproximateReceiveCount", "MessageGroupId", "AWSTraceHeader", "SentTimestamp", "SenderId",
        "ApproximateFirstReceiveTimestamp", "MessageDeduplicationId", "SequenceNumber", "DeadLetterQueueSourceArn",
    }
)  # fmt: skip


@cache
def _wanted(system: tuple[str, ...], attributes: tuple[str, ...]) -> Wanted:
    return Wanted(SYSTEM_ATTRIBUTES if "All" in system else frozenset(system), attributes)
