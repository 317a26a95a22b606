"""Processes the deliveries of a dead-letter queue: each is retried until it is recorded or logged, and then deleted."""

import asyncio
from dataclasses import dataclass

import structlog

from shared.clock import Clock
from shared.consumer.delivery import Delivery
from shared.consumer.delivery_processor import DeliveryProcessor
from shared.consumer.disposition import (
    Abandon,
    Ack,
    Disposition,
    RetryPolicy,
    build_uncounted_retry,
    decide_disposition,
)
from shared.consumer.lease import LeaseKeeper
from shared.consumer.queue_description import QueueRuntime
from shared.consumer.telemetry import Telemetry
from shared.errors import TransientError, describe_error
from workers.failures.handler import LedgerHandler

log = structlog.get_logger()

_POLICY = RetryPolicy(max_attempts=2**31)
"""There is no dead-letter queue behind this one: a dead letter is retried until it is recorded."""


class DeadLetterProcessor(DeliveryProcessor):
    """Processes the deliveries of one dead-letter queue."""

    def __init__(
        self,
        *,
        queue_name: str,
        handler: LedgerHandler,
        leases: LeaseKeeper,
        clock: Clock,
        telemetry: Telemetry | None = None,
    ) -> None:
        super().__init__(queue_name=queue_name, clock=clock, policy=_POLICY, telemetry=telemetry)
        self._handler = handler
        self._leases = leases

    async def _process_delivery(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        if self._leases.is_lost(delivery):
            return Abandon()
        try:
            async with asyncio.timeout(self._leases.limit_seconds):
                recorded = await self._handler.handle(delivery)
        except TransientError as error:
            log.warning("dead_letter_not_recorded", error=describe_error(error))
            return decide_disposition(error, attempts=delivery.receive_count, policy=_POLICY)
        except Exception as error:
            log.exception("dead_letter_not_recorded")
            return build_uncounted_retry(error, attempt=delivery.receive_count, policy=_POLICY)
        if recorded:
            ids = {"failure_id": recorded.failure_id, "command_id": recorded.command_id, "tenant": recorded.tenant}
            fields |= {name: value for name, value in ids.items() if value}
        return Ack()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQueue:
    """A dead-letter queue that the failures worker empties. A message leaves it only once the ledger has it."""

    url: str
    handler: LedgerHandler

    @property
    def dead_letter_url(self) -> None:
        """None: there is no dead-letter queue behind this one."""

    @property
    def max_attempts(self) -> int:
        """Practically without limit: a dead letter is retried until it is recorded."""
        return _POLICY.max_attempts

    def build_processor(self, runtime: QueueRuntime) -> DeadLetterProcessor:
        """Return the processor that records each dead letter in the ledger."""
        return DeadLetterProcessor(
            queue_name=runtime.queue.name,
            handler=self.handler,
            leases=runtime.leases,
            clock=runtime.clock,
            telemetry=runtime.telemetry,
        )
