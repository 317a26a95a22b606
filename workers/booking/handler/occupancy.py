"""What is taken in a stretch of time: by appointments of ours, by what stands in calendars, by caps on days."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

from shared.tenants.profile import TenantProfile
from workers.booking.domain.lanes import Occupancy, by_lane
from workers.booking.domain.quotas import day_key
from workers.booking.domain.values import Interval, TakenTime
from workers.booking.handler.roles import Roles
from workers.booking.ports import BusyTime


async def occupancy(
    roles: Roles,
    tenant: str,
    profile: TenantProfile,
    between: Interval,
    *,
    at: datetime,
    fresh: bool = False,
    ignoring: Collection[str] = (),
) -> Occupancy:
    """Return everything that is taken in an interval, as of `at`, but for the appointments `ignoring`.

    Raises:
        TransientError, PermanentError: a store or a calendar could not say; nothing is taken for free then.
    """
    calendars = list(profile.calendars.items())
    ours, full_days, busy = await asyncio.gather(
        roles.appointments.taken(tenant, between, at=at),
        _full_days(roles, tenant, profile, between, at),
        asyncio.gather(*(roles.calendar.busy(calendar_id, between, fresh=fresh) for calendar_id, _ in calendars)),
    )
    others = [taken for taken in ours if taken.appointment_id not in ignoring]
    everywhere: list[Interval] = []
    in_lanes = [(taken.resource, taken.interval) for taken in others]
    for (_, lanes), times in zip(calendars, busy, strict=True):
        foreign = _foreign(times, ours, ignoring)
        in_lanes += [(lane, interval) for interval in foreign for lane in lanes]
        everywhere += foreign if not lanes else ()
    return Occupancy(everywhere=everywhere, lanes=by_lane(in_lanes), full_days=full_days)


def _foreign(busy: Iterable[BusyTime], ours: Sequence[TakenTime], ignoring: Collection[str]) -> list[Interval]:
    """Return the busy times that our records do not explain: the owner's own entries, and events that moved.

    An event that we entered stands for a time that the records have already, for its lane alone. One that the
    owner has dragged elsewhere keeps that other time busy until the records have followed.
    """
    spans = _spans(ours)
    found: list[Interval] = []
    for time in busy:
        if time.appointment_id in ignoring:
            continue
        span = spans.get(time.appointment_id or "")
        if span and span.start <= time.interval.start and time.interval.end <= span.end:
            continue
        found.append(time.interval)
    return found


def _spans(ours: Iterable[TakenTime]) -> dict[str, Interval]:
    """Join the pieces of each appointment, which lie side by side."""
    spans: dict[str, Interval] = {}
    for piece in ours:
        known = spans.get(piece.appointment_id, piece.interval)
        spans[piece.appointment_id] = Interval(
            min(known.start, piece.interval.start), max(known.end, piece.interval.end)
        )
    return spans


async def _full_days(
    roles: Roles, tenant: str, profile: TenantProfile, between: Interval, at: datetime
) -> frozenset[tuple[date, str | None]]:
    """Return the local dates whose caps are reached; asks for nothing where there are no caps."""
    caps: list[tuple[str | None, int]] = [
        (service.id, service.max_per_day) for service in profile.services if service.max_per_day
    ]
    if profile.max_visits_per_day:
        caps.append((None, profile.max_visits_per_day))
    first, last = (edge.astimezone(profile.zone).date() for edge in (between.start, between.end))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)] if caps else []
    wanted = {day_key(tenant, day, service_id): (day, service_id, seats) for day in days for service_id, seats in caps}
    taken = await roles.appointments.seats_taken(list(wanted), at=at) if wanted else {}
    return frozenset(
        (day, service_id) for key, (day, service_id, seats) in wanted.items() if taken.get(key, 0) >= seats
    )
