"""The description of one queue of a worker, from which its processor is built once the queue is open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, Protocol

from pydantic import TypeAdapter

from shared.claims import ClaimStore
from shared.clock import Clock
from shared.consumer.decode import Decoder
from shared.consumer.delivery import Queue
from shared.consumer.delivery_processor import DeliveryProcessor
from shared.consumer.disposition import RetryPolicy
from shared.consumer.handler import Handler, MessageT, WaitingVisitor
from shared.consumer.lease import LeaseKeeper
from shared.consumer.overload import OverloadGuard, Shedding
from shared.consumer.process import Processor
from shared.consumer.shares import ShareLimits
from shared.consumer.telemetry import Telemetry
from shared.ledger.ports import ReplayOutcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRuntime:
    """One open queue with its lease keeper, its telemetry and the other dependencies of every processor."""

    queue: Queue
    leases: LeaseKeeper
    telemetry: Telemetry
    claims: ClaimStore
    clock: Clock
    lease: timedelta
    rollout_wait: timedelta
    """How long a message of a newer release waits for a worker that can read it."""
    concurrency: int
    """How many handlers run at once."""
    shares: ShareLimits


class QueueDescription(Protocol):
    """One queue of a worker, before it is opened. `MessageQueue` describes every queue but the dead-letter queues."""

    @property
    def url(self) -> str:
        """The URL of the queue."""
        ...

    @property
    def dead_letter_url(self) -> str | None:
        """The URL of the dead-letter queue; None if every message is tried until it succeeds."""
        ...

    @property
    def max_attempts(self) -> int:
        """How often the worker tries a message; the queue itself must allow more receives."""
        ...

    def build_processor(self, runtime: QueueRuntime) -> DeliveryProcessor:
        """Return the processor that decides about each delivery of the open queue."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueue(Generic[MessageT]):
    """A queue whose messages are processed by a handler.

    No field but `policies` has a default: a description without one does not type-check, and neither does one whose
    handler takes other messages than the queue has.
    """

    url: str
    dead_letter_url: str
    messages: TypeAdapter[MessageT]
    handler: Handler[MessageT]
    max_attempts: int
    outcomes: ReplayOutcomes | None
    """Records how a replay ended; None for messages that the desk never replays."""
    shedding: Shedding[MessageT] | None
    """Ends messages that would wait too long because of their tenant's share; None if all of them wait."""
    visitor: WaitingVisitor[MessageT] | None
    """Tells who waits what can be said without a table; None if nobody waits."""
    policies: Mapping[type, Callable[[Any], RetryPolicy]] = field(default_factory=dict)
    """Functions that return the retry policy of a message, for the types that differ from `max_attempts` alone."""

    def build_processor(self, runtime: QueueRuntime) -> Processor[MessageT]:
        """Return the processor that claims each message, runs the handler and dead-letters permanent failures."""
        return Processor(
            queue=runtime.queue,
            decoder=Decoder(self.messages),
            handler=self.handler,
            claims=runtime.claims,
            leases=runtime.leases,
            clock=runtime.clock,
            policy=RetryPolicy(max_attempts=self.max_attempts),
            policies=self.policies,
            lease=runtime.lease,
            telemetry=runtime.telemetry,
            outcomes=self.outcomes,
            rollout_wait=runtime.rollout_wait,
            guard=OverloadGuard(total=runtime.concurrency, limits=runtime.shares, shedding=self.shedding),
            visitor=self.visitor,
        )
