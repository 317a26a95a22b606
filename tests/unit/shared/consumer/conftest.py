"""What the tests of the worker core share: a queue in memory with a processor, and a handler that follows orders."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import structlog

from shared.consumer.decode import Decoder
from shared.consumer.disposition import RetryPolicy
from shared.consumer.lease import LeaseKeeper
from shared.consumer.process import Processor
from shared.consumer.settle import Settler
from shared.consumer.telemetry import Telemetry
from shared.messages.commands import CHAT_COMMAND
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.envelopes import command_body
from tests.fakes.memory_queue import MemoryQueue

LEASE = timedelta(seconds=30)


@dataclass
class ObedientHandler:
    """Raises the given errors in order, and otherwise processes messages; records its calls."""

    claims: FakeClaims
    errors: list = field(default_factory=list)
    give_up_errors: list = field(default_factory=list)
    repeat_errors: list = field(default_factory=list)
    code: str | None = None
    """The code of the refusal that `handle` returns."""
    delay_seconds: float = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    handled: list = field(default_factory=list)
    repeated: list = field(default_factory=list)
    mismatched: list = field(default_factory=list)
    given_up: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)
    claims_seen: list = field(default_factory=list)

    async def handle(self, message, claim):
        self.handled.append(message.id)
        self.claims_seen.append((message.id, claim))
        self.started.set()
        try:
            await asyncio.sleep(self.delay_seconds)
        except asyncio.CancelledError:
            self.cancelled.append(message.id)
            raise
        if self.errors:
            raise self.errors.pop(0)
        await self.claims.complete(claim)
        return self.code

    async def repeat_outcome(self, message, outcome_seq):
        if self.repeat_errors:
            raise self.repeat_errors.pop(0)
        self.repeated.append((message.id, outcome_seq))
        return self.code

    async def refuse_reused_id(self, message):
        self.mismatched.append(message.id)

    async def give_up(self, message, claim, reason):
        if self.give_up_errors:
            raise self.give_up_errors.pop(0)
        self.given_up.append((message.id, reason))
        await self.claims.complete(claim)


class Bench:
    """The parts of one worker, put together as `shared.consumer.worker` does, over memory."""

    def __init__(
        self,
        *,
        queue=None,
        handler=None,
        max_attempts=3,
        retry_base=timedelta(seconds=1),
        lease=LEASE,
        limit=timedelta(minutes=10),
        monotonic=None,
    ):
        self.clock = FakeClock()
        self.queue = queue or MemoryQueue(clock=self.clock)
        self.claims = FakeClaims(self.clock)
        self.handler = (handler or ObedientHandler)(self.claims)
        self.lease = lease
        self.telemetry = Telemetry()
        self.leases = LeaseKeeper(
            open_connections=self.own_connections,
            lease=lease,
            limit=limit,
            telemetry=self.telemetry,
            monotonic=monotonic or (lambda: self.clock.now().timestamp()),
        )
        self.settler = Settler(self.queue)
        self.processor = Processor(
            queue=self.queue,
            decoder=Decoder(CHAT_COMMAND),
            handler=self.handler,
            claims=self.claims,
            leases=self.leases,
            clock=self.clock,
            policy=RetryPolicy(max_attempts=max_attempts, base=retry_base),
            lease=lease,
            telemetry=self.telemetry,
        )

    @asynccontextmanager
    async def own_connections(self):
        yield self.queue, self.claims

    async def beat(self):
        """Let the lease keeper go round once, as its thread does."""
        await self.leases.heartbeat.beat(self.queue, self.claims)

    async def take(self, max_messages=10):
        seconds = round(self.lease.total_seconds())
        return list(await self.queue.receive(max_messages=max_messages, wait_seconds=0, visibility_seconds=seconds))

    async def deliver(self, body=None, group="s1"):
        """Put a message and receive it."""
        self.queue.send(body or command_body(), group=group)
        (delivery,) = await self.take(1)
        return delivery

    async def claim(self, key="k1", fingerprint="other worker"):
        return await self.claims.claim(key, fingerprint=fingerprint, lease=self.lease)


@pytest.fixture(autouse=True)
def logs():
    """Keep log lines from being laid out for a terminal, which takes longer than the tests; return them."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def make_bench():
    return Bench


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture(scope="session")
def body():
    return command_body
