"""Divides the handlers of a pool: how many one tenant, one address and one session may hold at once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from shared.network_address import find_network

_FIRST_ESTIMATE_SECONDS = 2.0
"""How long a handler is expected to take before one has ended."""

_WEIGHT = 1 / 16
"""The weight of the latest handler in the average."""

_SHORTEST_SECONDS = 0.01

_MAX_ENDED_SCHEDULES = 1000


_find_network = lru_cache(maxsize=1024)(find_network)
"""To parse an address costs as much as all the rest of a share, and a visitor sends several messages."""


class HeldFor(Protocol):
    """The fields of a message that say for whom its handler is held; `source_ip` only exists in visitors' commands."""

    @property
    def tenant(self) -> str:
        """The business."""
        ...

    @property
    def session_id(self) -> str:
        """The conversation."""
        ...


@dataclass(frozen=True, slots=True)
class ShareLimits:
    """What part of all handlers one tenant, address or session may hold while nobody else has any; 1 means all."""

    tenant: float = 0.75
    address: float = 0.5
    session: float = 0.25


Holders = tuple[str, str | None, str | None]
"""The tenant, the address and the session that a message counts for; None where it has none."""


def find_holders(message: HeldFor, *, is_fifo: bool = False) -> Holders:
    """Return for whom the handler of a message is held; on a FIFO queue a session has only one, and is not counted."""
    source_ip, session = getattr(message, "source_ip", ""), "" if is_fifo else message.session_id
    return (
        f"tenant {message.tenant}",
        f"address {_find_network(source_ip)}" if source_ip else None,
        f"session {session}" if session else None,
    )


class HandlerShares:
    """Lets a holder take another handler while it has fewer than a multiple of those that are free.

    A holder that is alone gets its part of the handlers and leaves the rest free. With n holders who want all of them,
    each gets an equal part, and one of n + 1 parts or so stays free for whoever comes next. So no list of holders who
    wait is needed, and a share that was taken from nobody is given back as handlers end.
    (A. Choudhury, E. Hahne: Dynamic queue length thresholds for shared-memory packet switches, 1998.)
    """

    def __init__(self, total: int, limits: ShareLimits) -> None:
        self.free = total
        self._multiples = tuple(_compute_multiple(part) for part in (limits.tenant, limits.address, limits.session))
        self._held: dict[str, int] = {}

    def count_held(self, holder: str) -> int:
        """Return how many handlers a holder has."""
        return self._held.get(holder, 0)

    def take(self, holders: Holders) -> str | None:
        """Take a handler for all holders of a message and return None; or return the holder whose share is used up."""
        if used_up := self.find_used_up(holders):
            return used_up
        held = self._held
        self.free -= 1
        for holder in holders:
            if holder:
                held[holder] = held.get(holder, 0) + 1
        return None

    def find_used_up(self, holders: Holders) -> str | None:
        """Return the holder of a message whose share is used up; None if a handler may be taken."""
        free, held = self.free, self._held
        if not free:
            return holders[0]
        for holder, multiple in zip(holders, self._multiples):  # noqa: B905 - both are of three, and this is a hot path
            if holder and held.get(holder, 0) >= multiple * free:
                return holder
        return None

    def give_back(self, holders: Holders) -> None:
        """Give the handler back that `take` has taken."""
        self.free += 1
        for holder in holders:
            if holder:
                left = self._held[holder] - 1
                if left:
                    self._held[holder] = left
                else:
                    del self._held[holder]


class RetrySchedule:
    """Spreads the messages of a holder whose share is used up: one for each handler of it that is expected to end."""

    def __init__(self) -> None:
        self._seconds = _FIRST_ESTIMATE_SECONDS
        self._ends: dict[str, float] = {}
        """Until when the messages of a holder are scheduled."""

    def record_handler(self, seconds: float) -> None:
        """Record how long a handler took."""
        self._seconds += (max(seconds, _SHORTEST_SECONDS) - self._seconds) * _WEIGHT

    def count(self) -> int:
        """Return how many holders have a schedule."""
        return len(self._ends)

    def schedule(self, holder: str, *, held: int, now: float, max_seconds: float) -> float | None:
        """Return in how many seconds to try the next message; None, and change nothing, if that is too late."""
        return self.schedule_after(holder, self._seconds / max(held, 1), now=now, max_seconds=max_seconds)

    def schedule_after(self, holder: str, interval_seconds: float, *, now: float, max_seconds: float) -> float | None:
        """Do the same with this interval between two messages."""
        at = max(self._ends.get(holder, now), now) + interval_seconds
        if at - now > max_seconds:
            return None
        if len(self._ends) >= _MAX_ENDED_SCHEDULES:
            self._ends = {other: end for other, end in self._ends.items() if end > now}
        self._ends[holder] = at
        return at - now


def _compute_multiple(part: float) -> float:
    return part / (1 - part) if part < 1 else float("inf")
