"""Lines that move at an even pace, in memory."""

import asyncio
from datetime import datetime, timedelta

from shared.errors import PermanentError

_BURST = timedelta(seconds=10)


class FakeTurns:
    """A `Turns`; without a pace everybody may go."""

    def __init__(self, *, per_minute: int = 1_000_000, longest_wait: timedelta = timedelta(hours=1)) -> None:
        self._step = timedelta(minutes=1) / per_minute
        self._longest_wait = longest_wait
        self._caught_up: dict[str, datetime] = {}
        self._places: dict[str, datetime] = {}
        self.asked: list[tuple[str, str]] = []

    async def turn(self, line: str, key: str, *, now: datetime) -> datetime:
        """Return when the one with the key may go."""
        await asyncio.sleep(0)
        self.asked.append((line, key))
        if key in self._places:
            return self._places[key]
        ready = max(self._caught_up.get(line, now), now)
        turn = ready - _BURST
        if turn - now > self._longest_wait:
            raise PermanentError("line_too_long")
        self._caught_up[line] = ready + self._step
        if turn <= now:
            return now
        self._places[key] = turn
        return turn
