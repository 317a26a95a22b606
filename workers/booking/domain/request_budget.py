"""How the requests that Google allows are divided by time, by urgency and among tenants; pure.

Google counts in a sliding minute, https://developers.google.com/workspace/calendar/api/guides/quota. Windows of ten
seconds keep to that: a minute touches seven of them at most, so each window gets a seventh.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

REQUESTS_PER_MINUTE = 600
"""What Google allows a service account, whatever it reads; a project may make 10,000 with several accounts."""

SHARE_OF_SYNCS = 3
"""Changes of calendars are looked for with a third of the requests at most."""

WINDOW = timedelta(seconds=10)
_WINDOWS_OF_A_MINUTE = 7

MAX_BLOCK = 10
"""More are never leased ahead: what a process does not use by the end of the window is lost for the others."""

_SHARE_LEASED_AHEAD = 8
"""A process that has made so many requests lately leases one more than it needs."""


class Urgency(StrEnum):
    """What a request is for, the most urgent first."""

    EVENTS = "events"
    """Visits that are confirmed, moved or cancelled: their events are read and written."""
    HOLDS = "holds"
    """A visitor waits for one time."""
    QUESTIONS = "questions"
    """A visitor asks which times are free."""
    SYNC = "sync"
    """Changes by the owner are looked for."""


_KEPT_FREE = {Urgency.EVENTS: 0.0, Urgency.HOLDS: 0.0, Urgency.QUESTIONS: 0.15, Urgency.SYNC: 0.25}
"""How much of a window each leaves to those that are more urgent.

Events and holds leave nothing to each other: nobody waits for an event, which is tried again in the next window.
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """Requests to be leased in a window.

    A holder leases only while it has fewer than are free. So of T holders that want everything each gets a share of
    T + 1, and whoever comes next finds some (dynamic thresholds, as for the handlers of a pool).
    """

    window: int
    """The number of the window since 1970."""
    holder: str
    """Who gets them: visitors of a tenant, its events, or all syncs."""
    amount: int
    limit: int
    """How many requests the window has in all."""
    kept_free: int
    """How many must be left afterwards."""

    @property
    def fits_empty_window(self) -> bool:
        """Return whether the first lease of a window may be this large."""
        return self.amount + self.kept_free <= self.limit


def compute_window_limit(requests_per_minute: int) -> int:
    """Return how many requests fit in each window so that no minute has more."""
    return max(1, requests_per_minute // _WINDOWS_OF_A_MINUTE)


def find_window(at: datetime) -> int:
    """Return the number of the window that an instant is in."""
    return int(at.timestamp() // WINDOW.total_seconds())


def find_window_end(window: int) -> datetime:
    """Return the instant at which a window ends."""
    return datetime.fromtimestamp((window + 1) * WINDOW.total_seconds(), UTC)


def plan_lease(window: int, urgency: Urgency, tenant: str, amount: int, limit: int) -> Lease:
    """Return the lease for requests of one urgency and tenant."""
    kept_free = min(round(limit * _KEPT_FREE[urgency]), limit - 1)
    return Lease(window, find_holder(urgency, tenant), amount, limit, kept_free)


def find_holder(urgency: Urgency, tenant: str) -> str:
    """Return whose share a request is taken from; no tenant's name has a `#`.

    Events have a share beside that of visitors, so that what a visitor has been promised does not wait for questions.
    """
    match urgency:
        case Urgency.SYNC:
            return urgency.value
        case Urgency.EVENTS:
            return f"events#{tenant}"
        case Urgency.HOLDS | Urgency.QUESTIONS:
            return f"tenant#{tenant}"


def compute_extra(recent: int) -> int:
    """Return how many requests to lease ahead, after `recent` ones in this window and the one before."""
    return min(MAX_BLOCK, recent // _SHARE_LEASED_AHEAD)
