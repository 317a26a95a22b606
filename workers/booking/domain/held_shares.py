"""Limits unverified holds to a share of what is free on a day, for everybody and for each network.

One quota a resource and local date: a hold takes a unit that says how many minutes it keeps and from which networks
it was requested. So one read shows how much is held, by whom, and one write takes the unit.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from shared.network_address import list_regional_networks
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service, parse_lane
from workers.booking.domain.free_starts import seconds_to_instant
from workers.booking.domain.notice import find_earliest_start
from workers.booking.domain.openings import OpeningTimes
from workers.booking.domain.quotas import Bound, NetworkShare, Quota, compute_digest
from workers.booking.domain.values import Appointment, OccupiedTime

HELD_SHARE_PERCENT = 50
"""How much of the free time of a day may be held without a confirmed contact; 100 limits nothing."""

_SHARES_OF_NETWORKS = (0.8, 0.5)
"""How much of that one network may hold, the widest first: a provider's region, and a neighbourhood or company."""

_MAX_UNITS = 500


def list_share_quotas(
    hold: Appointment,
    profile: TenantProfile,
    occupied: Iterable[OccupiedTime],
    *,
    secret: bytes,
    source_ip: str,
    at: datetime,
    share_percent: int,
    share_with_proof_percent: int = 0,
) -> Iterator[Quota]:
    """Yield the quota of the hold's resource on its local date; none if everything may be held.

    `occupied` are the times of that day. It is free but for the confirmed visits, from the first start on that can be
    requested at `at`: the part of today that is over is nothing to share. Where the share is less than one visit, one
    may be held all the same.
    """
    if share_percent >= 100:
        return
    day = hold.start.astimezone(profile.zone).date()
    resource_id, _ = parse_lane(hold.resource)
    free_minutes = _compute_free_minutes(hold, profile, occupied, at)
    shortest = min(map(_count_blocked_minutes, profile.services))
    networks = [compute_digest(secret, f"{hold.tenant}/{network}") for network in list_regional_networks(source_ip)]

    def build_quota(percent: int, with_proof: Quota | None = None) -> Quota:
        minutes = free_minutes * percent // 100
        return Quota(
            Bound.HELD_SHARE,
            f"held#{hold.tenant}#{day.isoformat()}#{resource_id}",
            min(max(minutes // shortest, 1), _MAX_UNITS),
            hold.appointment_id,
            hold.hold_expires_at,
            minutes=_count_minutes(hold.blocked.end - hold.blocked.start),
            start=hold.blocked.start,
            max_minutes=minutes,
            networks=tuple(
                NetworkShare(network, int(minutes * share))
                for network, share in zip(networks, _SHARES_OF_NETWORKS, strict=False)
            ),
            with_proof=with_proof,
        )

    is_raised = share_with_proof_percent > share_percent
    yield build_quota(share_percent, build_quota(share_with_proof_percent) if is_raised else None)


def _compute_free_minutes(
    hold: Appointment, profile: TenantProfile, occupied: Iterable[OccupiedTime], at: datetime
) -> int:
    """Return the minutes in which the hold's resource still takes visits that day, less those of confirmed visits."""
    day = hold.start.astimezone(profile.zone).date()
    resource_id, _ = parse_lane(hold.resource)
    lane_count = next((len(one.lanes) for one in profile.resources if one.id == resource_id), 1)
    times = OpeningTimes(profile)
    openings = times.list_openings(day.toordinal(), profile.find_own_hours(hold.resource))
    begins = find_earliest_start(profile, times, at)
    open_minutes = sum(max(opening.end - max(opening.first, begins), 0) for opening in openings) // 60 * lane_count
    counted_from = seconds_to_instant(begins)
    confirmed = sum(
        _count_minutes(time.interval.end - max(time.interval.start, counted_from))
        for time in occupied
        if not time.is_held
        and time.interval.end > counted_from
        and parse_lane(time.resource)[0] == resource_id
        and time.interval.start.astimezone(profile.zone).date() == day
    )
    return max(open_minutes - confirmed, 0)


def _count_blocked_minutes(service: Service) -> int:
    return service.buffer_before_minutes + service.duration_minutes + service.buffer_after_minutes


def _count_minutes(length: timedelta) -> int:
    return round(length / timedelta(minutes=1))
