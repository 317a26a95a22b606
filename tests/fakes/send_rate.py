"""A send rate limiter in memory."""

import asyncio
from datetime import datetime, timedelta

from shared.errors import PermanentError
from workers.notifications.domain import SendRate

_BURST = timedelta(seconds=10)


class FakeSendRateLimiter:
    """A `SendRateLimiter`; the default rate delays nothing."""

    def __init__(
        self, *, per_minute: float = 1_000_000, max_wait: timedelta = timedelta(hours=1), burst: timedelta = _BURST
    ) -> None:
        self._rate = SendRate(timedelta(minutes=1) / per_minute, burst)
        self._max_wait = max_wait
        self._caught_up: dict[str, datetime] = {}
        self._slots: dict[str, datetime] = {}
        self.requests: list[tuple[str, str]] = []
        """The arguments of each call."""

    async def reserve(
        self,
        rate_limit_key: str,
        notice_key: str,
        *,
        now: datetime,
        is_first_time: bool = False,
        max_wait: timedelta | None = None,
        rate: SendRate | None = None,
        is_shared: bool = False,
    ) -> datetime:
        """Return when the notice may be sent."""
        await asyncio.sleep(0)
        self.requests.append((rate_limit_key, notice_key))
        rate, stored = rate or self._rate, self._slots.get(notice_key)
        if not is_first_time and stored and not (is_shared and stored <= now - timedelta(minutes=15)):
            return stored
        caught_up = max(self._caught_up.get(rate_limit_key, now), now)
        slot = caught_up - rate.burst
        if is_shared and slot > now and stored and stored > now:
            return stored
        if slot - now > min(max_wait or self._max_wait, self._max_wait):
            raise PermanentError("line_too_long")
        self._caught_up[rate_limit_key] = caught_up + rate.interval
        if slot <= now:
            return now
        self._slots[notice_key] = slot
        return slot
