"""Decides which calendars a tick reads: those of open businesses often, the others seldom, and never all at once; pure.

Whoever reads all calendars in the same minute exceeds Google's limit as soon as there are many:
https://developers.google.com/workspace/calendar/api/guides/quota#randomize_traffic_patterns.
"""

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from shared.tenants.profile import TenantProfile

QUIET_INTERVAL_MINUTES = 15
"""How often the calendar of a business is read while it is closed."""

READ_AT_ONCE = 10
"""Up to so many calendars are read by the tick itself: a message for each would cost three times as much. More are
distributed over workers, so that a tick stays short."""

_NEAR_OPENING = timedelta(hours=1)
"""So long before it opens and after it closes, a business counts as open: what its owner has changed is known when it
opens."""


def is_near_hours(profile: TenantProfile, at: datetime) -> bool:
    """Return whether a business is open, or was or will be within an hour.

    The shifts are of instants, so a change of the clock moves nothing: an hour before opening is an hour before it.
    """
    return any(profile.is_open(at + shift) for shift in (-_NEAR_OPENING, timedelta(), _NEAR_OPENING))


def select_due(calendars: Sequence[str], near_hours: Collection[str], at: datetime, *, per_minute: int) -> set[str]:
    """Return the calendars that the tick of this minute reads.

    Those in `near_hours` are read each minute, the others every quarter of an hour; all of them more seldom by a whole
    factor if that would be more than `per_minute`. When a calendar is due follows from its rank among all. So the reads
    are spread evenly, and that changes only when calendars come or go. A few calendars are read by one tick.
    """
    ranks = {calendar_id: rank for rank, calendar_id in enumerate(sorted(set(calendars)))}
    often = len(ranks.keys() & set(near_hours))
    factor = max(1, math.ceil((often + (len(ranks) - often) / QUIET_INTERVAL_MINUTES) / per_minute))
    minute = int(at.timestamp() // 60)
    quiet_interval = factor * QUIET_INTERVAL_MINUTES
    return {
        calendar_id
        for calendar_id, rank in ranks.items()
        if (
            (minute + rank) % factor == 0
            if calendar_id in near_hours
            else (minute + rank // READ_AT_ONCE) % quiet_interval == 0
        )
    }
