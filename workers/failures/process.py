"""From a dead letter to a disposition: gone once it is in the ledger, and until then never given up."""

import asyncio
from dataclasses import dataclass

import structlog

from shared.clock import Clock
from shared.consumer.delivery import Delivery
from shared.consumer.delivery_processor import DeliveryProcessor
from shared.consumer.disposition import Abandon, Ack, Disposition, RetryPolicy, disposition_of, try_again
from shared.consumer.lease import LeaseKeeper
from shared.consumer.queue_description import QueueRuntime
from shared.consumer.telemetry import Telemetry
from shared.errors import TransientError, described
from workers.failures.handler import LedgerHandler

log = structlog.get_logger()

_POLICY = RetryPolicy(max_attempts=2**31)
"""There is no queue behind this one: a letter is tried until it is taken."""


class LetterProcessor(DeliveryProcessor):
    """Works on the letters of one dead-letter queue."""

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

    async def _process(self, delivery: Delivery, fields: dict[str, object]) -> Disposition:
        if self._leases.is_lost(delivery):
            return Abandon()
        try:
            async with asyncio.timeout(self._leases.limit_seconds):
                kept = await self._handler.handle(delivery)
        except TransientError as error:
            log.warning("letter_not_taken", error=described(error))
            return disposition_of(error, attempts=delivery.receive_count, policy=_POLICY)
        except Exception as error:
            log.exception("letter_not_taken")
            return try_again(error, attempt=delivery.receive_count, policy=_POLICY)
        named = {"failure_id": kept.failure_id, "command_id": kept.command_id, "tenant": kept.tenant}
        fields |= {name: value for name, value in named.items() if value}
        return Ack()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQueue:
    """A dead-letter queue that the failures worker empties. Its messages end in the ledger, or stay where they are."""

    url: str
    handler: LedgerHandler

    @property
    def dead_letter_url(self) -> None:
        """There is no queue behind this one."""

    @property
    def max_attempts(self) -> int:
        """There is no limit: what is not in the ledger is tried again."""
        return _POLICY.max_attempts

    def build_processor(self, runtime: QueueRuntime) -> LetterProcessor:
        """Return the processor that enters each dead letter into the ledger."""
        return LetterProcessor(
            queue_name=runtime.queue.name,
            handler=self.handler,
            leases=runtime.leases,
            clock=runtime.clock,
            telemetry=runtime.telemetry,
        )
