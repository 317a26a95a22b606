"""What is taken in a stretch of time: by appointments of ours, by what stands in calendars, by caps on days."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.lanes import Occupancy, free_lanes, group_by_lane
from workers.booking.domain.quotas import day_key
from workers.booking.domain.values import Appointment, Interval, OccupiedTime
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.ports import BusyTime

_DAY = timedelta(days=1)


async def load_occupancy(
    ports: BookingPorts,
    tenant: str,
    profile: TenantProfile,
    between: Interval,
    *,
    at: datetime,
    fresh: bool = False,
    ignoring: Collection[str] = (),
    lanes: Collection[str] | None = None,
) -> Occupancy:
    """Return everything that is taken in an interval, as of `at`, but for the appointments `ignoring`.

    Where `lanes` are named, the calendars of others are not asked.

    Raises:
        TransientError, PermanentError: a store or a calendar could not say; nothing is taken for free then.
    """
    calendars = [
        (calendar_id, own)
        for calendar_id, own in profile.calendars.items()
        if not own or lanes is None or set(own) & set(lanes)
    ]
    ours, full_days, busy = await asyncio.gather(
        # A day wider: what reaches into the interval is to be known as a whole, or its event would look foreign.
        ports.appointments.occupied_times(tenant, Interval(between.start - _DAY, between.end + _DAY), at=at),
        _full_days(ports, tenant, profile, between, at=at, ignoring=ignoring),
        asyncio.gather(*(ports.calendar.busy(calendar_id, between, fresh=fresh) for calendar_id, _ in calendars)),
    )
    everywhere, in_lanes = _split_by_lane([time for time in ours if time.appointment_id not in ignoring], profile)
    for (calendar_id, own), times in zip(calendars, busy, strict=True):
        there = [time for time in ours if profile.calendar_of(time.resource) == calendar_id]
        foreign = _find_foreign_times(times, there, ignoring)
        in_lanes += [(lane, interval) for interval in foreign for lane in own]
        everywhere += foreign if not own else ()
    return Occupancy(everywhere=everywhere, lanes=group_by_lane(in_lanes), full_days=full_days)


async def find_free_lanes(
    ports: BookingPorts,
    profile: TenantProfile,
    service: Service,
    appointment: Appointment,
    *,
    at: datetime,
    ignoring: Collection[str],
) -> list[str]:
    """Return the lanes that have room for an appointment, the one to try first at the head; it reads the calendars."""
    occupancy = await load_occupancy(
        ports,
        appointment.tenant,
        profile,
        appointment.blocked,
        at=at,
        fresh=True,
        ignoring=ignoring,
        lanes=profile.lanes_of(service),
    )
    return free_lanes(profile, service, appointment.blocked, occupancy, appointment_id=appointment.appointment_id)


def _split_by_lane(
    times: Iterable[OccupiedTime], profile: TenantProfile
) -> tuple[list[Interval], list[tuple[str, Interval]]]:
    """Return what is taken of all lanes, and what is taken of each.

    A visit stands also when the profile has changed since. Where nobody can say whose time it needs, it needs
    everybody's.
    """
    everywhere: list[Interval] = []
    in_lanes: list[tuple[str, Interval]] = []
    for time in times:
        lanes = profile.lanes_named(time.resource)
        in_lanes += [(lane, time.interval) for lane in lanes]
        if not lanes:
            everywhere.append(time.interval)
    return everywhere, in_lanes


def _find_foreign_times(
    busy: Iterable[BusyTime], ours: Sequence[OccupiedTime], ignoring: Collection[str]
) -> list[Interval]:
    """Return the busy times that our records of this calendar do not explain: the owner's own, and events that moved.

    An event that we entered stands for a time that the records have already, for its lane alone. One that the
    owner has dragged elsewhere keeps that other time busy until the records have followed.
    """
    spans = _join_spans(ours)
    found: list[Interval] = []
    for time in busy:
        if time.appointment_id in ignoring:
            continue
        span = spans.get(time.appointment_id or "")
        if span and span.start <= time.interval.start and time.interval.end <= span.end:
            continue
        found.append(time.interval)
    return found


def _join_spans(ours: Iterable[OccupiedTime]) -> dict[str, Interval]:
    """Join the pieces of each appointment, which lie side by side."""
    spans: dict[str, Interval] = {}
    for piece in ours:
        known = spans.get(piece.appointment_id, piece.interval)
        spans[piece.appointment_id] = Interval(
            min(known.start, piece.interval.start), max(known.end, piece.interval.end)
        )
    return spans


async def _full_days(
    ports: BookingPorts,
    tenant: str,
    profile: TenantProfile,
    between: Interval,
    *,
    at: datetime,
    ignoring: Collection[str],
) -> frozenset[tuple[date, str | None]]:
    """Return the local dates whose caps are reached; asks for nothing where there are no caps."""
    caps: list[tuple[str | None, int]] = [
        (service.id, service.max_per_day) for service in profile.services if service.max_per_day
    ]
    if profile.max_visits_per_day:
        caps.append((None, profile.max_visits_per_day))
    first, last = (edge.astimezone(profile.zone).date() for edge in (between.start, between.end))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)] if caps else []
    wanted = {day_key(tenant, day, service_id): (day, service_id, limit) for day in days for service_id, limit in caps}
    holders = await ports.appointments.quota_holders(list(wanted), at=at) if wanted else {}
    return frozenset(
        (day, service_id)
        for key, (day, service_id, limit) in wanted.items()
        if len(set(holders.get(key, ())) - set(ignoring)) >= limit
    )
