"""Fixtures of the failures worker: its processor with an in-memory dead-letter queue."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog

from shared.consumer.decode import Decoder
from shared.consumer.delivery import Delivery
from shared.consumer.lease import LeaseKeeper
from shared.consumer.settle import Settler
from shared.conversations.replies import Replies
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND
from shared.messages.notices import NOTICE
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.envelopes import command_body
from tests.fakes.failures import FakeFailures
from tests.fakes.memory_queue import MemoryQueue
from workers.failures.dependencies import FailurePorts
from workers.failures.handler import LedgerHandler
from workers.failures.process import DeadLetterProcessor

LEASE = timedelta(seconds=30)
DECODERS = {"chat": Decoder(CHAT_COMMAND), "booking": Decoder(BOOKING_COMMAND), "notifications": Decoder(NOTICE)}
DATA = {
    "chat.send": {"text": "hello"},
    "handover.request": {"note": "hello"},
    "booking.slots": {},
    "booking.create": {"start": "2026-01-13T10:00", "contact": "anna@example.com", "service": "cut"},
    "booking.verify": {"appointment_id": "a" * 32, "code": "123456"},
    "booking.lookup": {"appointment_id": "a" * 32},
    "transcript.request": {},
    "session.end": {},
    "calendar.tick": {},
}


def body_of(kind="booking.create", **changes):
    """Return the queued body of a message of a type."""
    return command_body(**{"type": kind, "data": DATA[kind]} | changes)


class FailuresWorker:
    """The processor of one dead-letter queue, composed as the wiring does it, with fakes."""

    def __init__(self, *, queue="booking", wrap_port=lambda port: port):
        self.clock = FakeClock()
        self.queue = MemoryQueue(name=f"stride-{queue}-dlq.fifo", clock=self.clock)
        self.failures = FakeFailures()
        self.claims = FakeClaims(self.clock)
        self.conversations = FakeConversations(self.claims)
        self.connections = FakeConnections(self.clock)
        self.connections.open("s1", "tab=")
        self.poster = FakePoster()
        self.settler = Settler(wrap_port(self.queue))
        self.leases = LeaseKeeper(
            open_connections=self.own_connections,
            lease=LEASE,
            limit=LEASE,
            monotonic=lambda: self.clock.now().timestamp(),
        )
        handler = LedgerHandler(
            queue=queue,
            decoder=DECODERS[queue],
            ports=FailurePorts(
                ledger=wrap_port(self.failures), conversations=wrap_port(self.conversations), clock=self.clock
            ),
            replies=Replies(
                conversations=wrap_port(self.conversations),
                connections=wrap_port(self.connections),
                poster=wrap_port(self.poster),
            ),
            claims=wrap_port(self.claims),
            lease=LEASE,
        )
        self.processor = DeadLetterProcessor(
            queue_name=self.queue.name, handler=handler, leases=self.leases, clock=self.clock
        )

    @asynccontextmanager
    async def own_connections(self):
        yield self.queue, self.claims

    async def receive_new(self, body=None, *, attributes=None, group="s1"):
        """Put a dead letter on the queue and receive it."""
        self.queue.send(body or body_of(), group=group)
        return await self.receive(attributes)

    async def receive(self, attributes=None):
        seconds = round(LEASE.total_seconds())
        (dead_letter,) = await self.queue.receive(max_messages=1, wait_seconds=0, visibility_seconds=seconds)
        dead_letter.attributes = attributes
        return dead_letter

    def errors(self):
        """Return the error frames in the session's conversation."""
        frames = [json.loads(text) for text in self.conversations.texts.get("s1", [])]
        return [(frame["type"], frame["re"], frame["data"]["code"]) for frame in frames]


def delivery(body="{}", **changes):
    """Return the delivery of a dead letter."""
    return Delivery(**({"message_id": "m1", "receipt": "r1", "body": body, "sent_at": 1_768_219_200.0} | changes))


def copy_attributes(**changes):
    """Return the dead-letter attributes of a worker's copy."""
    attributes = {
        "reason": "calendar_access_revoked",
        "error": "the key is refused",
        "attempts": "1",
        "message_id": "m0",
    }
    return {**attributes, "queue": "stride-booking.fifo", "group": "s1", **changes}


@pytest.fixture(autouse=True)
def logs():
    """Capture the log lines and return them."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def make_worker():
    return FailuresWorker


@pytest.fixture
def worker():
    return FailuresWorker()
