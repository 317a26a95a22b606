"""Loads what occupies an interval, and takes the first lane that is free in it.

Our appointments, busy times of calendars, and daily caps occupy it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.lanes import Occupancy, OccupancySource, select_free_lanes
from workers.booking.domain.quotas import build_day_quota_key
from workers.booking.domain.values import Appointment, Interval, OccupiedTime
from workers.booking.handler.calendar_reading import read_calendar
from workers.booking.handler.case import Case
from workers.booking.ports import BusyTime, Lost, RecalledTimes, SlotLost


@dataclass(frozen=True, slots=True)
class _DayCap:
    """How many visits a local date may have, of one service or of the whole business."""

    day: date
    service_id: str | None
    limit: int
    key: str


CalendarTimes = tuple[str, Sequence[str], Sequence[BusyTime]]
"""A calendar's id, the resources that it is for (none: all), and its busy times."""


@dataclass(frozen=True, slots=True)
class Occupants:
    """What was read about an interval, before it is known whose times count as free."""

    ours: Sequence[OccupiedTime]
    calendars: Sequence[CalendarTimes]

    day_caps: Sequence[tuple[_DayCap, Sequence[str]]]
    """The caps of its days, and who counts towards them."""

    day_grids: Mapping[date, int]
    """The size of the buckets of its UTC days that have some."""

    read_at: datetime | None = None
    """When the oldest of the calendars was read that can't be read now; None if all were."""


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
    may_recall: bool = False,
) -> Occupancy:
    """Return everything that occupies an interval at `at`, except the appointments in `ignoring`.

    With `lanes`, the calendars of other lanes are not read. With `may_lag`, appointments of the last second may be
    missing: enough for times that are only listed, since a hold checks its own time anyway. With `may_recall` somebody
    waits: a calendar that does not answer within three seconds counts as what it said some minutes ago.

    Raises:
        CalendarSilentError: that is not known.
        TransientError, PermanentError: a store or a calendar can't be read; nothing counts as free then.
    """
    occupants = await read_occupants(
        ports, tenant, profile, between, at=at, fresh=fresh, lanes=lanes, may_lag=may_lag, may_recall=may_recall
    )
    return await build_occupancy(ports, profile, occupants, ignoring)


async def read_occupants(
    ports: BookingPorts,
    tenant: str,
    profile: TenantProfile,
    between: Interval,
    *,
    at: datetime,
    fresh: bool = False,
    lanes: Collection[str] | None = None,
    may_lag: bool = False,
    may_recall: bool = False,
) -> Occupants:
    """Read the stores and the calendars side by side; `load_occupancy` says what the arguments mean."""
    records, (calendars, read_at) = await asyncio.gather(
        _read_records(ports, tenant, profile, between, at=at, may_lag=may_lag),
        _read_calendars(ports, profile, between, fresh=fresh, lanes=lanes, may_recall=may_recall),
    )
    return replace(records, calendars=calendars, read_at=read_at)


async def _read_records(
    ports: BookingPorts, tenant: str, profile: TenantProfile, between: Interval, *, at: datetime, may_lag: bool = False
) -> Occupants:
    """Read what our own stores know of an interval, and no calendar."""
    caps = _list_day_caps(tenant, profile, between)
    ours, holders = await asyncio.gather(
        ports.appointments.find_occupied_times(tenant, between, at=at, may_lag=may_lag),
        _find_cap_holders(ports, caps, at),
    )
    return Occupants(
        ours,
        (),
        tuple((cap, holders.get(cap.key, ())) for cap in caps),
        await ports.appointments.find_day_grids(tenant, between),
    )


async def _read_calendars(
    ports: BookingPorts,
    profile: TenantProfile,
    between: Interval,
    *,
    fresh: bool,
    lanes: Collection[str] | None,
    busy_may_lag: bool = False,
    may_recall: bool = False,
) -> tuple[tuple[CalendarTimes, ...], datetime | None]:
    """Read the busy times of the calendars of these lanes, or of all.

    The second value is when the oldest of them was read that can't be read now.
    """
    calendars = [
        *((ports.calendar, calendar_id, own) for calendar_id, own in profile.calendars.items()),
        *(
            (ports.get_busy_calendar(source.provider), source.id, own)
            for source, own in profile.all_busy_calendars.items()
        ),
    ]
    calendars = [entry for entry in calendars if not entry[2] or lanes is None or set(entry[2]) & set(lanes)]
    read = await asyncio.gather(
        *(
            read_calendar(
                ports,
                calendar,
                calendar_id,
                between,
                profile.zone,
                fresh=fresh,
                busy_may_lag=busy_may_lag,
                may_recall=may_recall,
            )
            for calendar, calendar_id, _ in calendars
        )
    )
    times = tuple((calendar_id, own, one.times) for (_, calendar_id, own), one in zip(calendars, read, strict=True))
    return times, min((one.read_at for one in read if isinstance(one, RecalledTimes)), default=None)


async def build_occupancy(
    ports: BookingPorts, profile: TenantProfile, occupants: Occupants, ignoring: Collection[str] = ()
) -> Occupancy:
    """Return what was read as occupied lanes and full days, except the appointments in `ignoring`."""
    ours = occupants.ours
    sources = [*_list_visit_sources([time for time in ours if time.appointment_id not in ignoring], profile)]
    for calendar_id, own, times in occupants.calendars:
        own_times = [time for time in ours if profile.get_calendar_id(time.resource) == calendar_id]
        unexplained = _find_unexplained_times(times, own_times, ignoring)
        outdated = await _find_outdated_times(ports, unexplained)
        foreign = [time.interval for time in unexplained if time not in outdated]
        sources += [OccupancySource(each, lane, calendar_id=calendar_id) for each in foreign for lane in own or ("",)]
    full_days = frozenset(
        (cap.day, cap.service_id)
        for cap, holders in occupants.day_caps
        if len(set(holders) - set(ignoring)) >= cap.limit
    )
    return Occupancy.from_sources(sources, full_days, occupants.day_grids)


async def read_records_of_visit(ports: BookingPorts, case: Case, visit: Appointment) -> Occupants:
    """Read what our own stores know of the time of a visit: if that is a refusal, no calendar is asked."""
    return await _read_records(ports, visit.tenant, case.profile, visit.blocked, at=case.command.accepted_at)


async def add_calendars_of_lanes(
    ports: BookingPorts, case: Case, service: Service, visit: Appointment, records: Occupants
) -> Occupants:
    """Add the busy times of the calendars of the service's lanes, which are read anew unless the owner is busy.

    If one does not answer, the visitor's request is checked against what it said some minutes ago. Nobody waits for a
    replay, which is tried again instead.
    """
    calendars, read_at = await _read_calendars(
        ports,
        case.profile,
        visit.blocked,
        fresh=True,
        lanes=case.profile.list_lanes(service),
        busy_may_lag=True,
        may_recall=not case.command.replay,
    )
    return replace(records, calendars=calendars, read_at=read_at)


async def find_free_lanes(
    ports: BookingPorts, case: Case, service: Service, visit: Appointment, *, ignoring: Collection[str]
) -> tuple[str, ...]:
    """Read what occupies the time of a visit, and return its free lanes as `choose_free_lanes` does."""
    records = await read_records_of_visit(ports, case, visit)
    if not await choose_free_lanes(ports, case, service, visit, records, ignoring=ignoring):
        return ()
    occupants = await add_calendars_of_lanes(ports, case, service, visit, records)
    return await choose_free_lanes(ports, case, service, visit, occupants, ignoring=ignoring)


async def choose_free_lanes(
    ports: BookingPorts,
    case: Case,
    service: Service,
    visit: Appointment,
    occupants: Occupants,
    *,
    ignoring: Collection[str],
) -> tuple[str, ...]:
    """Return the lanes that are free for a visit, in the order in which to try them; none on a day that is full.

    Times of the appointments in `ignoring` count as free.
    """
    profile = case.profile
    occupancy = await build_occupancy(ports, profile, occupants, ignoring)
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


def _list_day_caps(tenant: str, profile: TenantProfile, between: Interval) -> list[_DayCap]:
    """Return the caps of the local dates in an interval."""
    limits: list[tuple[str | None, int]] = [
        (service.id, service.max_per_day) for service in profile.services if service.max_per_day
    ]
    if profile.max_visits_per_day:
        limits.append((None, profile.max_visits_per_day))
    first, last = (edge.astimezone(profile.zone).date() for edge in (between.start, between.end))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)] if limits else []
    return [
        _DayCap(day, service_id, limit, build_day_quota_key(tenant, day, service_id))
        for day in days
        for service_id, limit in limits
    ]


async def _find_cap_holders(ports: BookingPorts, caps: Sequence[_DayCap], at: datetime) -> Mapping[str, Sequence[str]]:
    """Return who counts towards each cap, by its key; without caps nothing is read."""
    return await ports.appointments.find_quota_holders([cap.key for cap in caps], at=at) if caps else {}
