"""One message in memory; most of its JSON is rendered once, when it is sent."""

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
    """A message; it is small, because a backlog may have a million of them."""

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
        """The position in the order of sending, unique in the process."""
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
        """The bucket in which it waits for the end of its visibility timeout or delay; None when it can be received."""
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
        """Return the sequence number of a FIFO queue: 20 digits."""
        return f"{10**19 + self.number}"


def render(body: str) -> str:
    """Render the constant members of a new message."""
    return render_parts(body, json.dumps(body))


def render_parts(body: str, body_json: str) -> str:
    """Render as `render` does, with the body's JSON from the caller."""
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return f'"MessageId":"{_SALT}{next(_numbers):012x}","MD5OfBody":"{digest}","Body":{body_json}'


@dataclass(frozen=True, slots=True)
class RequestedMembers:
    """The members beside the body that a receiver requested."""

    system: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()

    @staticmethod
    def of(system: Iterable[str], attributes: Sequence[str]) -> "RequestedMembers":
        """Return the instance for these names, which is cached."""
        return _requested_members(tuple(system), tuple(attributes))

    def render(self, message: Message) -> str:
        """Return the message as JSON."""
        more = f",{self._system(message)}" if self.system else ""
        if self.attributes and message.attributes:
            more += message.attributes.select(self.attributes)
        return f'{{{message.rendered},"ReceiptHandle":"{message.receipt}"{more}}}'

    def _system(self, message: Message) -> str:
        requested = self.system
        parts = []
        if "ApproximateReceiveCount" in requested:
            parts.append(f'"ApproximateReceiveCount":"{message.receives}"')
        if message.group is not None and "MessageGroupId" in requested:
            parts.append(f'"MessageGroupId":{json.dumps(message.group)}')
        if message.trace is not None and "AWSTraceHeader" in requested:
            parts.append(f'"AWSTraceHeader":{json.dumps(message.trace)}')
        if "SentTimestamp" in requested:
            parts.append(f'"SentTimestamp":"{message.sent_ms}"')
        if len(requested) > len(parts):
            parts += self._rare_members(message)
        return f'"Attributes":{{{",".join(parts)}}}'

    def _rare_members(self, message: Message) -> Iterable[str]:
        rare_members = {
            "ApproximateFirstReceiveTimestamp": str(message.first_received_ms),
            "SenderId": "AIDALOCAL",
            "MessageDeduplicationId": message.deduplication_id,
            "SequenceNumber": message.sequence_number if message.deduplication_id else None,
            "DeadLetterQueueSourceArn": message.source_arn,
        }
        return [
            f'"{name}":{json.dumps(rare_members[name])}'
            for name in rare_members
            if name in self.system and rare_members[name]
        ]


SYSTEM_ATTRIBUTES = frozenset(
    {
        "ApproximateReceiveCount", "MessageGroupId", "AWSTraceHeader", "SentTimestamp", "SenderId",
        "ApproximateFirstReceiveTimestamp", "MessageDeduplicationId", "SequenceNumber", "DeadLetterQueueSourceArn",
    }
)  # fmt: skip


@cache
def _requested_members(system: tuple[str, ...], attributes: tuple[str, ...]) -> RequestedMembers:
    return RequestedMembers(SYSTEM_ATTRIBUTES if "All" in system else frozenset(system), attributes)
