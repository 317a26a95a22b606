"""Answers which times are free, and adds free times to refusals."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.errors import PermanentError, TransientError
from shared.messages import client
from shared.messages.errors import ErrorCode
from shared.messages.model import Message
from shared.messages.server import BookingSlots, BookingSlotsData, Choice, Error, Question, ServiceOffer, Slot
from shared.tenants.next_opening import find_next_opening
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_types import choose_line
from shared.tenants.services import Service
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.local_time import find_first_instant
from workers.booking.domain.slots import find_alternatives, find_free_slots
from workers.booking.domain.values import Appointment, Interval, Refusal, SlotOffer
from workers.booking.domain.visit_length import keep_length
from workers.booking.handler.case import Case
from workers.booking.handler.contacts import find_channels, list_contact_kinds
from workers.booking.handler.frames import build_refusal, build_slots
from workers.booking.handler.occupancy import build_occupancy, load_occupancy, read_occupants

MAX_LISTED_BYTES = 22 * 1024
"""Limit of an answer's services and slots, so that its frame stays under 24 KB; `from` requests later slots."""

_MAX_LISTED_SLOTS = 300
"""More never fit at 90 bytes or more per slot, so later slots are not serialized."""

_MAX_ALTERNATIVES = 5
_DAYS_AROUND = (0, 7)
"""How many days around the requested day to search for alternatives, in turn, until enough are found."""


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """The times that can be booked."""

    offers: Sequence[SlotOffer]
    read_at: datetime | None = None
    """When the calendar was read, if it can't be read now."""


async def list_free_slots(ports: BookingPorts, case: Case, search: client.BookingSlotsData) -> BookingSlots | Error:
    """Return the free times of as many whole days as a frame holds; an unknown service is refused."""
    command, profile = case.command, case.profile
    service = profile.find_service(search.service) if search.service else None
    if search.service and service is None:
        return build_refusal(case, Refusal(ErrorCode.UNKNOWN_SERVICE))
    found = await find_free_times(
        ports,
        command.tenant,
        profile,
        service.id if service else None,
        from_day=search.from_,
        days=search.days,
        now=case.now,
        at=command.accepted_at,
        may_recall=True,
    )
    services = tuple(
        ServiceOffer(
            id=offered.id,
            name=offered.name.choose_text(case.locale, profile.locale),
            duration_minutes=offered.duration_minutes,
            price=choose_line(offered.price, case.locale, profile.locale),
            questions=_list_questions(offered, case) if offered is service else None,
        )
        for offered in profile.services
    )
    fee = choose_line(profile.cancellation_fee, case.locale, profile.locale)
    room = MAX_LISTED_BYTES - sum(map(_compute_json_size, services)) - len((fee or "").encode())
    listed, next_from = _fit_whole_days(build_slots(found.offers[:_MAX_LISTED_SLOTS], profile.zone), room)
    return BookingSlots(
        re=command.client_id,
        data=BookingSlotsData(
            slots=listed,
            services=services,
            time_zone=profile.time_zone,
            contact_kinds=list_contact_kinds(find_channels(ports, profile)),
            change_deadline_hours=profile.change_deadline_hours or None,
            cancellation_fee=fee,
            address=choose_line(profile.address, case.locale, profile.locale),
            phone=profile.phone,
            last_date=profile.compute_last_date(case.now),
            next_from=next_from,
            opens_at=None if profile.is_open(case.now) else find_next_opening(profile, case.now),
            calendar_read_at=found.read_at,
        ),
    )


def _list_questions(service: Service, case: Case) -> tuple[Question, ...] | None:
    """Return the questions of a service in the visitor's language; None if it has none."""
    languages = case.locale, case.profile.locale
    return (
        tuple(
            Question(
                id=question.id,
                kind=question.kind.value,
                label=question.label.choose_text(*languages),
                required=question.required,
                choices=tuple(Choice(id=one.id, label=one.label.choose_text(*languages)) for one in question.choices)
                or None,
                minimum=question.minimum,
                maximum=question.maximum,
                max_characters=question.max_characters,
            )
            for question in service.questions
        )
        or None
    )


async def find_free_times(
    ports: BookingPorts,
    tenant: str,
    profile: TenantProfile,
    service_id: str | None,
    *,
    from_day: date | None,
    days: int,
    now: datetime,
    at: datetime,
    may_recall: bool = False,
) -> FreeTimes:
    """Return the times that can be booked on the business's dates from `from_day`, by default from today.

    Occupied times are those at `at`, when the ingress accepted the command. Without a service all are searched. With
    `may_recall`, a calendar that does not answer counts as what it said some minutes ago.

    Raises:
        TransientError, PermanentError: a store or a calendar can't be read.
    """
    window = _compute_search_window(profile, from_day or now.astimezone(profile.zone).date(), days, now)
    if window is None:
        return FreeTimes([])
    occupants = await read_occupants(ports, tenant, profile, window, at=at, may_lag=True, may_recall=may_recall)
    occupancy = await build_occupancy(ports, profile, occupants)
    offers = find_free_slots(profile, service_id, from_day=from_day, days=days, now=now, occupancy=occupancy)
    return FreeTimes(offers, occupants.read_at)


def _fit_whole_days(listed: Sequence[Slot], room: int) -> tuple[tuple[Slot, ...], date | None]:
    """Return the slots of the days that fit, and the first day that does not.

    A truncated day would look nearly full, so only a first day that alone is too long is truncated.
    """
    sizes = itertools.accumulate(_compute_json_size(slot) for slot in listed)
    fitting = tuple(slot for slot, size in zip(listed, sizes, strict=True) if size <= room)
    if len(fitting) == len(listed):
        return fitting, None
    first_left_out = listed[len(fitting)].start.date()
    whole = tuple(slot for slot in fitting if slot.start.date() < first_left_out)
    return (whole, first_left_out) if whole else (fitting, first_left_out + timedelta(days=1))


def _compute_json_size(part: Message) -> int:
    """Return the size of a list item in bytes, with its comma."""
    return len(part.model_dump_json().encode()) + 1


async def refuse_with_alternatives(
    ports: BookingPorts,
    case: Case,
    service_id: str,
    requested: datetime,
    *,
    code: ErrorCode = ErrorCode.SLOT_TAKEN,
    ignoring: Collection[str] = (),
    without_days: Collection[date] = (),
) -> Refusal:
    """Return a refusal with alternative free times, best first; times of the appointments in `ignoring` count as free.

    Nothing is offered on the local dates `without_days`.

    The requested day is searched first, then the days around it, and the whole horizon only if these have too few. If a
    calendar can't be reached, the refusal has no alternatives.
    """
    command, profile, now = case.command, case.profile, case.now
    requested_day, today = (instant.astimezone(profile.zone).date() for instant in (requested, now))
    offers: list[SlotOffer] = []
    for around in (*_DAYS_AROUND, None):
        first = today if around is None else _subtract_days(requested_day, around)
        window = _compute_search_window(
            profile, first, profile.horizon_days + 1 if around is None else 2 * around + 1, now
        )
        if window is None:
            continue
        try:
            occupancy = await load_occupancy(
                ports,
                command.tenant,
                profile,
                window,
                at=command.accepted_at,
                ignoring=ignoring,
                may_recall=not command.replay,
            )
        except (TransientError, PermanentError):
            break
        occupancy = replace(occupancy, full_days=frozenset(occupancy.full_days) | {(day, None) for day in without_days})
        offers = find_alternatives(
            profile, service_id, requested, now=now, occupancy=occupancy, count=_MAX_ALTERNATIVES, days_around=around
        )
        if len(offers) >= _MAX_ALTERNATIVES:
            break
    return Refusal(code, tuple(offers))


async def offer_other_times(ports: BookingPorts, case: Case, appointment: Appointment, requested: datetime) -> Refusal:
    """Return a refusal that names the appointment and the times that it may be moved to, which have room for it."""
    if service := case.profile.find_service(appointment.service_id):
        profile, _ = keep_length(case.profile, service, appointment)
        case = replace(case, profile=profile)
    refusal = await refuse_with_alternatives(
        ports, case, appointment.service_id, requested, ignoring={appointment.appointment_id}
    )
    return replace(refusal, appointment_id=appointment.appointment_id)


def _subtract_days(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, date.min.toordinal()))


def _compute_search_window(profile: TenantProfile, first: date, days: int, now: datetime) -> Interval | None:
    """Return the interval of local days from `first`, within the horizon, with all of the visits that begin on them.

    None if that leaves no day.
    """
    today = now.astimezone(profile.zone).date()
    last = profile.compute_last_date(now) + timedelta(days=1)
    begin = max(first, today)
    # The minimum is taken before adding days: a visitor may request the last possible date.
    end = min(min(first, last) + timedelta(days=days), last)
    if end <= begin:
        return None
    before = max(service.buffer_before_minutes for service in profile.services)
    after = max(service.buffer_after_minutes for service in profile.services)
    if profile.has_visits_over_midnight:
        after += max(service.duration_minutes for service in profile.services)
    return Interval(
        find_first_instant(begin, 0, profile.zone) - timedelta(minutes=before),
        find_first_instant(end, 0, profile.zone) + timedelta(minutes=after),
    )
