"""Defers or sheds a message whose tenant, address or session has its share of the handlers already."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, Protocol

import structlog

from shared.claims import Claim
from shared.consumer.disposition import Disposition, RetryIn
from shared.consumer.handler import MessageT, MessageT_contra
from shared.consumer.shares import HandlerShares, Holders, RetrySchedule, ShareLimits
from shared.consumer.start_rate import FREE_HANDLERS, PART_OF_ADDRESS, StartRate

log = structlog.get_logger()

Handle = Callable[[MessageT, Claim], Awaitable[str | None]]
"""Carries a message out, or ends it in another way; returns the code of the refusal that the visitor received."""

MAX_DEFERRAL = timedelta(seconds=60)
"""The longest time until a message that is not shed is looked at again: SQS counts receives, and allows a hundred."""

_MIN_DEFERRAL_SECONDS = 1.0
"""SQS counts in seconds, and a message that is visible at once would be received in a circle."""

_SHED_PAUSE = timedelta(seconds=4)
_SHEDDING_PART = 16
"""This part of the handlers is how many messages are shed at once: refusing a flood must not displace answers."""

_SMALL_PART = 8
"""A holder with less than this part of the handlers is expected to get the next ones that end, whoever has them."""

_RECEIVE_MAX = 10

_WAITING_PART = 0.75
"""This part of the handlers may run or wait for the loop; the permits of the rest are needed for other tenants."""

_MAX_START_WAIT_SECONDS = 1.0


_PARTS_OF_RATE = (1.0, PART_OF_ADDRESS)
"""Of a tenant and of an address."""


class Shedding(Protocol[MessageT_contra]):
    """Ends messages that would wait too long because their tenant, address or session has its share."""

    def find_max_wait(self, message: MessageT_contra) -> timedelta | None:
        """Return how long the message may wait, counted from its sending; None if it is never shed."""
        ...

    async def shed_message(self, message: MessageT_contra, claim: Claim) -> str | None:
        """End the message, and tell its visitor when to try again; return the code of the refusal."""
        ...


class OverloadGuard(Generic[MessageT]):
    """Lets the messages run that the shares allow; defers or sheds the others before they are claimed.

    While all handlers are taken, a message waits for the next one that ends and keeps its permit, so that the pool
    receives no more than it can begin soon.
    """

    def __init__(
        self,
        *,
        total: int,
        limits: ShareLimits,
        shedding: Shedding[MessageT] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        start_rate: StartRate | None = None,
    ) -> None:
        self._shares = HandlerShares(total, limits)
        # A business that may have all handlers has the processor for itself, too.
        self._start_rate = (start_rate or StartRate()) if limits.tenant < 1 else None
        self._waiting_starts = 0
        self._total = total
        self._schedule = RetrySchedule()
        self._shedding = shedding
        self.monotonic = monotonic
        self._small_part = max(1, total // _SMALL_PART)
        self._max_shed_at_once = max(1, total // _SHEDDING_PART)
        self.spare_permits = _RECEIVE_MAX + self._max_shed_at_once
        """How many permits a pool needs besides those of its handlers.

        With them it receives the next messages, and sheds some, while one tenant has its share of the handlers.
        """
        self._shed_now = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take_handler(self, holders: Holders) -> str | None:
        """Take a handler and return None, or return the holder whose share is used up; `end_handler` gives it back."""
        if self._start_rate:
            parts = zip(holders, _PARTS_OF_RATE)  # noqa: B905 - a session has no rate, and this is a hot path
            busy = [(who, part) for who, part in parts if who and self._shares.count_held(who) >= FREE_HANDLERS]
            if busy and not self._start_rate.take_start(busy):
                return busy[-1][0]
        return self._shares.take(holders)

    def end_handler(self, holders: Holders, *, began: float) -> None:
        """Give a handler back that began at a time of the monotonic clock."""
        self._shares.give_back(holders)
        self._schedule.record_handler(self.monotonic() - began)
        if self._waiting:
            self._wake_next()

    async def wait_or_defer(
        self,
        message: MessageT,
        holders: Holders,
        used_up: str,
        *,
        age: timedelta,
        shed: Callable[[Handle[MessageT]], Awaitable[Disposition]],
    ) -> Disposition | None:
        """Return None once the message has a handler after all; or what is to happen to it.

        `age` is the time since the message was sent; `shed` ends it with what it is given, as a handler would.
        """
        while not self._shares.free:
            await self._wait_for_end()
            refused_for = self._shares.take(holders)
            if refused_for is None:
                return None
            used_up = refused_for
        if await self._wait_for_start(holders):
            return None
        return await self._defer_or_shed(message, holders, used_up, age=age, shed=shed)

    async def _wait_for_start(self, holders: Holders) -> bool:
        """Wait for a moment until the loop has time for one more handler of the tenant; return whether it has it."""
        rate, shares = self._start_rate, self._shares
        if rate is None or not self._may_wait_for_start(holders):
            return False
        until = self.monotonic() + _MAX_START_WAIT_SECONDS
        self._waiting_starts += 1
        try:
            while self.monotonic() < until and not shares.find_used_up(holders):
                await rate.wait()
                if self.take_handler(holders) is None:
                    return True
        finally:
            self._waiting_starts -= 1
        return False

    def _may_wait_for_start(self, holders: Holders) -> bool:
        in_use = self._total - self._shares.free + self._waiting_starts
        return in_use < self._total * _WAITING_PART and not self._shares.find_used_up(holders)

    async def _wait_for_end(self) -> None:
        ended = asyncio.get_running_loop().create_future()
        self._waiting.append(ended)
        try:
            await ended
        except asyncio.CancelledError:
            if ended.done() and not ended.cancelled():
                self._wake_next()
            raise

    def _wake_next(self) -> None:
        while self._waiting:
            ended = self._waiting.popleft()
            if not ended.done():
                ended.set_result(None)
                return

    async def _defer_or_shed(
        self,
        message: MessageT,
        holders: Holders,
        used_up: str,
        *,
        age: timedelta,
        shed: Callable[[Handle[MessageT]], Awaitable[Disposition]],
    ) -> Disposition:
        # An operator waits for the outcome of a replay, and has chosen the time.
        max_wait = self._shedding.find_max_wait(message) if self._shedding and not message.replay else None
        is_share_used_up = self._start_rate is None or not self._may_wait_for_start(holders)
        reason = f"{used_up.partition(' ')[0]}_has_its_share" if is_share_used_up else "processor_is_busy"
        wait_seconds = self._schedule_next(
            used_up,
            is_share_used_up=is_share_used_up,
            max_seconds=(MAX_DEFERRAL if max_wait is None else max_wait - age).total_seconds(),
        )
        if wait_seconds is not None:
            return RetryIn(timedelta(seconds=max(wait_seconds, _MIN_DEFERRAL_SECONDS)), reason=reason)
        if self._shedding is None or max_wait is None:
            return RetryIn(MAX_DEFERRAL, reason=reason)
        if self._shed_now >= self._max_shed_at_once:
            return RetryIn(_SHED_PAUSE, reason=reason)
        self._shed_now += 1
        try:
            log.info("message_shed", reason=reason, waited_ms=round(age.total_seconds() * 1000))
            return await shed(self._shedding.shed_message)
        finally:
            self._shed_now -= 1

    def _schedule_next(self, used_up: str, *, is_share_used_up: bool, max_seconds: float) -> float | None:
        """Return in how many seconds to try a message again; None if that is too late."""
        if self._start_rate and not is_share_used_up:
            # Also for an address, which has half of that rate: with its own one fewer come too soon, but the
            # rate rises while they wait.
            interval = self._start_rate.interval_seconds
            return self._schedule.schedule_after(
                f"start {used_up}", interval, now=self.monotonic(), max_seconds=max_seconds
            )
        held = max(self._shares.count_held(used_up), self._small_part)
        return self._schedule.schedule(used_up, held=held, now=self.monotonic(), max_seconds=max_seconds)
