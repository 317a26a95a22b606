"""Loads what occupies an interval, and takes the first lane that is free in it.

Our appointments, busy times of calendars, and daily caps occupy it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.lanes import Occupancy, OccupancySource, select_free_lanes
from workers.booking.domain.quotas import build_day_quota_key
from workers.booking.domain.values import Appointment, Interval, OccupiedTime
from workers.booking.handler.case import Case
from workers.booking.ports import BusyTime, Lost, SlotLost


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
    may_lag: bool = False,
) -> Occupancy:
    """Return everything that occupies an interval at `at`, except the appointments in `ignoring`.

    With `lanes`, the calendars of other lanes are not read. With `may_lag`, appointments of the last second may be
    missing: enough for times that are only listed, since a hold checks its own time anyway.

    Raises:
        TransientError, PermanentError: a store or a calendar can't be read; nothing counts as free then.
    """
    calendars = [
        *((ports.calendar, calendar_id, own) for calendar_id, own in profile.calendars.items()),
        *(
            (ports.get_busy_calendar(source.provider), source.id, own)
            for source, own in profile.all_busy_calendars.items()
        ),
    ]
    calendars = [entry for entry in calendars if not entry[2] or lanes is None or set(entry[2]) & set(lanes)]
    ours, full_days, busy = await asyncio.gather(
        ports.appointments.find_occupied_times(tenant, between, at=at, may_lag=may_lag),
        _find_full_days(ports, tenant, profile, between, at=at, ignoring=ignoring),
        asyncio.gather(
            *(
                calendar.find_busy_times(calendar_id, between, zone=profile.zone, fresh=fresh)
                for calendar, calendar_id, _ in calendars
            )
        ),
    )
    sources = [*_list_visit_sources([time for time in ours if time.appointment_id not in ignoring], profile)]
    for (_, calendar_id, own), times in zip(calendars, busy, strict=True):
        own_times = [time for time in ours if profile.get_calendar_id(time.resource) == calendar_id]
        unexplained = _find_unexplained_times(times, own_times, ignoring)
        outdated = await _find_outdated_times(ports, unexplained)
        foreign = [time.interval for time in unexplained if time not in outdated]
        sources += [OccupancySource(each, lane, calendar_id=calendar_id) for each in foreign for lane in own or ("",)]
    return Occupancy.from_sources(sources, full_days)


async def find_free_lanes(
    ports: BookingPorts, case: Case, service: Service, visit: Appointment, *, ignoring: Collection[str]
) -> tuple[str, ...]:
    """Return the lanes that are free for a visit, in the order in which to try them; none on a day that is full.

    The calendars are read anew. Times of the appointments in `ignoring` count as free.
    """
    profile = case.profile
    occupancy = await load_occupancy(
        ports,
        visit.tenant,
        profile,
        visit.blocked,
        at=case.command.accepted_at,
        fresh=True,
        ignoring=ignoring,
        lanes=profile.list_lanes(service),
    )
    day = visit.start.astimezone(profile.zone).date()
    if not {(day, None), (day, service.id)}.isdisjoint(occupancy.full_days):
        return ()
    return tuple(select_free_lanes(profile, service, visit.blocked, occupancy, appointment_id=visit.appointment_id))


async def take_first_lane(
    candidates: Iterable[Appointment], write: Callable[[Appointment], Awaitable[Lost | None]]
) -> Appointment | Lost:
    """Write the first candidate whose lane is still free; return it, or why the last one was not written.

    Only a lost time depends on the lane: what prevents the visit on the whole day ends the search.
    """
    lost: Lost = SlotLost()
    for candidate in candidates:
        result = await write(candidate)
        if result is None:
            return candidate
        lost = result
        if not isinstance(lost, SlotLost):
            break
    return lost


def _list_visit_sources(times: Iterable[OccupiedTime], profile: TenantProfile) -> Iterator[OccupancySource]:
    """Yield the lanes that our appointments occupy.

    Visits stay valid when the profile changes. A visit whose resource is no longer in the profile occupies all lanes.
    """
    for time in times:
        for lane in profile.find_current_lanes(time.resource) or ("",):
            yield OccupancySource(time.interval, lane, appointment_id=time.appointment_id)


def _find_unexplained_times(
    busy: Iterable[BusyTime], ours: Sequence[OccupiedTime], ignoring: Collection[str]
) -> list[BusyTime]:
    """Return the busy times that our appointments do not explain: the owner's own events, and events that were moved.

    The time of an event of ours is known from its appointment, for its lane only. An event that the owner has moved
    keeps its new time busy until the appointment has followed.
    """
    spans = _join_spans(ours)
    unexplained: list[BusyTime] = []
    for time in busy:
        if time.appointment_id in ignoring:
            continue
        span = spans.get(time.appointment_id or time.series_of or "")
        if span and span.start <= time.interval.start and time.interval.end <= span.end:
            continue
        unexplained.append(time)
    return unexplained


async def _find_outdated_times(ports: BookingPorts, unexplained: Iterable[BusyTime]) -> set[BusyTime]:
    """Return the times of events that were written for an earlier version of their appointment.

    The visit has another time or is cancelled, and the event is about to follow: its time is free already. An event of
    the current version was moved by the owner.
    """
    written = [time for time in unexplained if time.appointment_id and time.version]
    appointments = await asyncio.gather(*(ports.appointments.find(time.appointment_id or "") for time in written))
    return {
        time
        for time, appointment in zip(written, appointments, strict=True)
        if appointment and time.version < appointment.version
    }


def _join_spans(ours: Iterable[OccupiedTime]) -> dict[str, Interval]:
    """Join the pieces of each appointment, which are adjacent."""
    spans: dict[str, Interval] = {}
    for piece in ours:
        known = spans.get(piece.appointment_id, piece.interval)
        spans[piece.appointment_id] = Interval(
            min(known.start, piece.interval.start), max(known.end, piece.interval.end)
        )
    return spans


async def _find_full_days(
    ports: BookingPorts,
    tenant: str,
    profile: TenantProfile,
    between: Interval,
    *,
    at: datetime,
    ignoring: Collection[str],
) -> frozenset[tuple[date, str | None]]:
    """Return the local dates whose caps are reached; without caps nothing is read."""
    caps: list[tuple[str | None, int]] = [
        (service.id, service.max_per_day) for service in profile.services if service.max_per_day
    ]
    if profile.max_visits_per_day:
        caps.append((None, profile.max_visits_per_day))
    first, last = (edge.astimezone(profile.zone).date() for edge in (between.start, between.end))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)] if caps else []
    caps_by_key = {
        build_day_quota_key(tenant, day, service_id): (day, service_id, limit)
        for day in days
        for service_id, limit in caps
    }
    holders = await ports.appointments.find_quota_holders(list(caps_by_key), at=at) if caps_by_key else {}
    return frozenset(
        (day, service_id)
        for key, (day, service_id, limit) in caps_by_key.items()
        if len(set(holders.get(key, ())) - set(ignoring)) >= limit
    )
