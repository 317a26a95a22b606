"""A failed booking command on its whole way in memory: worker, dead letters, ledger, desk, replay, and back."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ops.desk.adapters.worker_rules import WorkerRulesForecaster
from ops.desk.desk import Desk
from ops.desk.domain.payload import build_replay_payload
from shared.consumer.decode import Decoder
from shared.consumer.delivery import Delivery
from shared.consumer.disposition import Ack, RetryPolicy
from shared.consumer.group_order import group_batches, process_in_order
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lease import LeaseKeeper
from shared.consumer.process import Processor
from shared.consumer.settle import Settler
from shared.conversations.replies import Replies
from shared.ledger.failures import Failure
from shared.messages.commands import BOOKING_COMMAND, Envelope, InternalBookingCommand
from tests.fakes.desk import FakeContacts
from tests.fakes.failures import FakeFailures, FakeReplayOutcomes
from tests.fakes.memory_queue import MemoryQueue
from workers.booking.dependencies import BookingPorts
from workers.booking.facade import BookingFacade
from workers.booking.handler import BookingHandler
from workers.failures.dependencies import FailurePorts
from workers.failures.handler import LedgerHandler
from workers.failures.process import DeadLetterProcessor

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 2


class BreakablePort:
    """Passes every call on, or raises `error` instead while it is set."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        async def call_unless_broken(*arguments: Any, **named: Any) -> Any:
            if self.error:
                raise self.error.with_traceback(None)
            return await call(*arguments, **named)

        return call_unless_broken


class QueuedCommands:
    """The `InternalCommandQueue` on the queue of booking."""

    def __init__(self, queue: MemoryQueue) -> None:
        self._queue = queue

    async def put(self, command: InternalBookingCommand, *, group: str) -> None:
        """Queue a command; repeating it is harmless."""
        body = command.model_dump_json(by_alias=True)
        self._queue.send(body, group=group, deduplication_id=command.claim_key)


class QueuedReplays:
    """The desk's `ReplayQueues` on the queue of booking."""

    def __init__(self, queue: MemoryQueue) -> None:
        self._queue = queue

    async def send_replay(self, failure: Failure) -> None:
        """Send the payload as replay number `failure.replays`, in its message group."""
        body = build_replay_payload(failure)
        assert body is not None
        group = failure.group or failure.session_id
        self._queue.send(body, group=group, deduplication_id=f"{failure.command_id}#r{failure.replays}")


class FailingBooking:
    """The booking worker of a business (`World`), as a pool or as a Lambda function, whose ports can be broken."""

    def __init__(self, world: Any, *, is_lambda: bool = False) -> None:
        self.world, self.clock, self._is_lambda = world, world.clock, is_lambda
        self.queue = MemoryQueue(name="stride-booking.fifo", clock=world.clock)
        self.failures = FakeFailures()
        names = ("appointments", "calendar", "notices", "schedules", "sync_tokens", "tenants")
        self.broken = {name: BreakablePort(getattr(world, name)) for name in names}
        self.broken["commands"] = BreakablePort(QueuedCommands(self.queue))
        ports: BookingPorts = replace(world.ports, **self.broken)
        # What the desk may not write or read: a forecast that calls one of them would fail.
        read_only: dict[str, Any] = dict.fromkeys(("notices", "commands", "schedules", "sync_tokens"))
        replies = Replies(conversations=world.conversations, connections=world.connections, poster=world.poster)
        self._leases = self._build_leases()
        self._settler = Settler(self.queue)
        self._processor = Processor(
            queue=self.queue,
            decoder=Decoder(BOOKING_COMMAND),
            handler=BookingHandler(ports=ports, replies=replies, claims=world.claims),
            claims=world.claims,
            leases=self._leases,
            clock=self.clock,
            policy=RetryPolicy(max_attempts=MAX_ATTEMPTS),
            lease=LEASE,
            outcomes=FakeReplayOutcomes(self.failures, queue="booking"),
        )
        self._lambda = LambdaBatch(
            queue=self.queue,
            processor=self._processor,
            leases=self._leases,
            settler=self._settler,
            handler_timeout=LEASE,
        )
        messages: Decoder[Any] = Decoder(BOOKING_COMMAND)
        self._ledger = DeadLetterProcessor(
            queue_name="stride-booking-dlq.fifo",
            handler=LedgerHandler(
                queue="booking",
                decoder=messages,
                ports=FailurePorts(ledger=self.failures, conversations=world.conversations, clock=self.clock),
                replies=replies,
                claims=world.claims,
                lease=LEASE,
            ),
            leases=self._build_leases(),
            clock=self.clock,
        )

        async def open_ports() -> BookingPorts:
            return replace(ports, **read_only)

        booking = BookingFacade(appointments=ports.appointments, open_ports=open_ports)
        self.desk = Desk(
            ledger=self.failures,
            replays=QueuedReplays(self.queue),
            forecaster=WorkerRulesForecaster(booking=booking, clock=self.clock),
            contacts=FakeContacts(),
            clock=self.clock,
        )

    def break_ports(self, errors: Mapping[str, Exception]) -> None:
        """Let every call of the named ports raise an error; all others work."""
        for name, port in self.broken.items():
            port.error = errors.get(name)

    async def run(self, *commands: Envelope) -> None:
        """Queue commands, and process messages until the queue is empty."""
        for command in commands:
            self.queue.send(command.model_dump_json(by_alias=True), group=command.session_id)
        await self.drain()

    async def drain(self) -> None:
        """Process messages until the queue is empty, and record what was dead-lettered."""
        while self.queue.bodies():
            deliveries = await self.queue.receive(
                max_messages=10, wait_seconds=0, visibility_seconds=round(LEASE.total_seconds())
            )
            # A message takes some time, and what was retried is visible again by the end of a lease.
            self.clock.advance(timedelta(seconds=1) if deliveries else LEASE)
            if not deliveries:
                continue
            if self._is_lambda:
                await self._process_as_lambda(deliveries)
            else:
                await self._process_as_pool(deliveries)
        await self._record_dead_letters()

    async def _process_as_pool(self, deliveries: Sequence[Delivery]) -> None:
        await asyncio.gather(
            *(
                process_in_order(
                    batch,
                    process=self._processor.process,
                    settle=self._settler.settle,
                    hand_back=self._settler.hand_back,
                    stopping=lambda: False,
                )
                for batch in group_batches(deliveries, in_order=True)
            )
        )

    async def _process_as_lambda(self, deliveries: Sequence[Delivery]) -> None:
        answer = await self._lambda.run({"Records": [_make_record(delivery) for delivery in deliveries]})
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        if done := [delivery for delivery in deliveries if delivery.message_id not in failed]:
            await self.queue.delete(done)

    async def _record_dead_letters(self) -> None:
        copies, self.queue.dead_letters = self.queue.dead_letters, []
        for copy in copies:
            attributes = {
                "reason": copy.reason,
                "error": copy.error,
                "attempts": str(copy.attempts),
                "message_id": copy.delivery.message_id,
                "queue": self.queue.name,
                "group": copy.delivery.group or "",
            }
            dead_letter = replace(copy.delivery, attributes=attributes, sent_at=self.clock.now().timestamp())
            assert isinstance(await self._ledger.process(dead_letter), Ack)

    def _build_leases(self) -> LeaseKeeper:
        return LeaseKeeper(
            open_connections=self._open_connections,
            lease=LEASE,
            limit=LEASE,
            monotonic=lambda: self.clock.now().timestamp(),
        )

    @asynccontextmanager
    async def _open_connections(self) -> AsyncIterator[tuple[Any, Any]]:
        yield self.queue, self.world.claims


def _make_record(delivery: Delivery) -> Any:
    return {
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt,
        "body": delivery.body,
        "attributes": {
            "ApproximateReceiveCount": str(delivery.receive_count),
            "MessageGroupId": delivery.group,
            "SentTimestamp": str(int((delivery.sent_at or 0) * 1000)),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }
