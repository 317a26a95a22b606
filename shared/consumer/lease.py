"""Keeps what we are working on ours: extends visibility time-outs and claims until they are let go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.consumer.delivery import Delivery, Queue, VisibilityChange
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ports import Claim, ClaimStore

log = structlog.get_logger()

_BATCH = 10
_EXTENSIONS_PER_LEASE = 3
"""So that two failed extensions in a row still lose nothing."""


@dataclass(slots=True)
class _Held:
    claim: Claim
    task: "asyncio.Task[object]"
    lost: bool = False


class LeaseKeeper:
    """Covers deliveries from receipt to settlement, and claims while their handler runs."""

    def __init__(self, *, queue: Queue, claims: ClaimStore, lease: timedelta) -> None:
        self._queue = queue
        self._claims = claims
        self._lease = lease
        self._covered: dict[str, Delivery] = {}
        self._held: dict[str, _Held] = {}

    def cover(self, delivery: Delivery) -> None:
        """Keep a delivery invisible from now on, also while it waits for its turn."""
        self._covered[delivery.receipt] = delivery

    def uncover(self, delivery: Delivery) -> None:
        """Stop extending a delivery; it is settled or given back."""
        self._covered.pop(delivery.receipt, None)

    @asynccontextmanager
    async def hold(self, delivery: Delivery, claim: Claim) -> AsyncIterator[None]:
        """Keep the claim during the body; when it is lost, the body is cancelled.

        Raises:
            LeaseLostError: the claim was lost while the body ran.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a claim is held by a task")
        held = self._held[delivery.receipt] = _Held(claim, task)
        try:
            yield
        except asyncio.CancelledError:
            if not held.lost:
                raise
            if task.uncancel():
                raise  # somebody else cancelled us as well
            raise LeaseLostError(claim.key) from None
        finally:
            self._held.pop(delivery.receipt, None)

    async def run(self) -> None:
        """Extend for ever, three times per lease."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / _EXTENSIONS_PER_LEASE)
            await self.extend_all()

    async def extend_all(self) -> None:
        """Extend every visibility time-out in batches, and every claim; a failure is tried again next time."""
        deliveries = list(self._covered.values())
        held = list(self._held.values())
        seconds = round(self._lease.total_seconds())
        batches = [deliveries[start : start + _BATCH] for start in range(0, len(deliveries), _BATCH)]
        await asyncio.gather(
            *(self._extend_visibility(batch, seconds) for batch in batches),
            *(self._extend_claim(one) for one in held),
        )

    async def _extend_visibility(self, batch: list[Delivery], seconds: int) -> None:
        # What was settled since the snapshot is left out: extending a message that was just handed back would hide it.
        changes = [VisibilityChange(one, seconds) for one in batch if one.receipt in self._covered]
        if not changes:
            return
        try:
            failed = await self._queue.change_visibility(changes)
        except (TransientError, PermanentError) as error:
            log.warning("lease_extension_failed", messages=len(changes), error=str(error))
            return
        if failed:
            log.warning("lease_extension_failed", messages=len(failed))

    async def _extend_claim(self, held: _Held) -> None:
        try:
            still_ours = await self._claims.extend(held.claim, lease=self._lease)
        except (TransientError, PermanentError) as error:
            log.warning("claim_extension_failed", error=str(error))
            return
        if not still_ours and not held.lost and held in self._held.values():
            held.lost = True
            held.task.cancel()
