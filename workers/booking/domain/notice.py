"""Finds the earliest start that leaves the business its notice."""

from datetime import datetime, timedelta

from shared.tenants.profile import TenantProfile
from workers.booking.domain.free_starts import instant_to_seconds
from workers.booking.domain.openings import OpeningTimes


def find_earliest_start(profile: TenantProfile, times: OpeningTimes, now: datetime) -> int:
    """Return the first second since the epoch at which both kinds of notice have passed.

    If the business is not open for long enough until the horizon, that is the end of the horizon.
    """
    earliest = instant_to_seconds(now + timedelta(minutes=profile.minimum_notice_minutes))
    if not profile.minimum_notice_open_minutes:
        return earliest
    return max(earliest, _find_end_of_open_notice(profile, times, now))


def _find_end_of_open_notice(profile: TenantProfile, times: OpeningTimes, now: datetime) -> int:
    """Walk the opening hours from now on; they count up to the second."""
    seconds, remaining = instant_to_seconds(now), profile.minimum_notice_open_minutes * 60
    today = now.astimezone(profile.zone).toordinal()
    for ordinal in range(today, today + profile.horizon_days + 1):
        for opening in times.list_openings(ordinal):
            begin = max(opening.first, seconds)
            if begin < opening.end:
                remaining -= opening.end - begin
                if remaining <= 0:
                    return opening.end + remaining
    return times.find_midnight(today + profile.horizon_days + 1)
