"""What is taken: by appointments of ours, and by what else stands in the business's calendar."""

import itertools
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta

from shared.errors import PermanentError, TransientError
from shared.messages.commands import BookingSlots as SlotsCommand
from shared.messages.commands import Envelope
from shared.messages.errors import ErrorCode
from shared.messages.model import Message
from shared.messages.server import BookingSlots, BookingSlotsData, Error, ServiceOffer, Slot
from shared.tenants.profile import TenantProfile
from workers.booking.domain.slots import alternatives, free_slots
from workers.booking.domain.values import Interval, Refusal, SlotOffer
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.frames import build_refusal, build_slots
from workers.booking.handler.limits import channels_of, contact_kinds
from workers.booking.handler.occupancy import load_occupancy

MAX_LISTED_BYTES = 22 * 1024
"""Of an answer's services and slots, so that its frame stays under 24 KB; later slots are asked for by `from`."""

_MAX_LISTED_SLOTS = 300
"""More never fit, at 90 bytes and more a slot: what is beyond them need not even be looked at."""

_ALTERNATIVES = 5
_DAYS_AROUND = (0, 7)
"""How far from the wanted day to look for alternatives, as long as too few are found."""


async def list_slots(ports: BookingPorts, command: SlotsCommand, locale: str) -> BookingSlots | Error:
    """Return free times, whole days of them as far as a frame holds; an unknown service is refused."""
    profile = await ports.tenants.profile(command.tenant)
    now = ports.clock.now()
    service = profile.service(command.data.service) if command.data.service else None
    if command.data.service and service is None:
        return build_refusal(command, Refusal(ErrorCode.UNKNOWN_SERVICE), profile.zone, locale)
    offers = await find_free_times(
        ports,
        command.tenant,
        profile,
        service.id if service else None,
        from_day=command.data.from_,
        days=command.data.days,
        now=now,
        at=command.accepted_at,
    )
    services = tuple(
        ServiceOffer(id=one.id, name=one.name.in_(locale, profile.locale), duration_minutes=one.duration_minutes)
        for one in profile.services
    )
    room = MAX_LISTED_BYTES - sum(_json_bytes(one) for one in services)
    listed, next_from = _fit_whole_days(build_slots(offers[:_MAX_LISTED_SLOTS], profile.zone), room)
    return BookingSlots(
        re=command.client_id,
        data=BookingSlotsData(
            slots=listed,
            services=services,
            time_zone=profile.time_zone,
            contact_kinds=contact_kinds(channels_of(ports, profile)),
            next_from=next_from,
        ),
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
) -> list[SlotOffer]:
    """Return the times that can be booked on the business's dates from `from_day` on, by default from today.

    What is occupied is judged as of `at`, when the ingress accepted the question. Without a service all are meant.
    """
    window = _search_window(profile, from_day or now.astimezone(profile.zone).date(), days, now)
    if window is None:
        return []
    occupancy = await load_occupancy(ports, tenant, profile, window, at=at)
    return free_slots(profile, service_id, from_day=from_day, days=days, now=now, occupancy=occupancy)


def _fit_whole_days(found: Sequence[Slot], room: int) -> tuple[tuple[Slot, ...], date | None]:
    """Return the days that fit, and the first one that does not.

    A day that is cut would look nearly booked out; only a first day that is too long by itself is.
    """
    sizes = itertools.accumulate(_json_bytes(slot) for slot in found)
    fitting = tuple(slot for slot, size in zip(found, sizes, strict=True) if size <= room)
    if len(fitting) == len(found):
        return fitting, None
    cut = found[len(fitting)].start.date()
    whole = tuple(slot for slot in fitting if slot.start.date() < cut)
    return (whole, cut) if whole else (fitting, cut + timedelta(days=1))


def _json_bytes(part: Message) -> int:
    """Return the bytes that a part of a list takes, its comma included."""
    return len(part.model_dump_json().encode()) + 1


async def refuse_with_alternatives(
    ports: BookingPorts,
    command: Envelope,
    profile: TenantProfile,
    service_id: str,
    wanted: datetime,
    *,
    code: ErrorCode = ErrorCode.SLOT_TAKEN,
    ignoring: Collection[str] = (),
) -> Refusal:
    """Return a refusal with free times to take instead, best first; times of `ignoring` count as free.

    The wanted day is looked at first, then those around it, and the whole horizon only when these have too few. A
    calendar that can't be reached costs the visitor the alternatives, not the answer.
    """
    now = ports.clock.now()
    wanted_day, today = (instant.astimezone(profile.zone).date() for instant in (wanted, now))
    found: list[SlotOffer] = []
    for around in (*_DAYS_AROUND, None):
        first = today if around is None else _days_before(wanted_day, around)
        window = _search_window(profile, first, profile.horizon_days + 1 if around is None else 2 * around + 1, now)
        if window is None:
            continue
        try:
            occupancy = await load_occupancy(
                ports, command.tenant, profile, window, at=command.accepted_at, ignoring=ignoring
            )
        except (TransientError, PermanentError):
            break
        found = alternatives(
            profile, service_id, wanted, now=now, occupancy=occupancy, count=_ALTERNATIVES, days_around=around
        )
        if len(found) >= _ALTERNATIVES:
            break
    return Refusal(code, tuple(found))


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, date.min.toordinal()))


def _search_window(profile: TenantProfile, first: date, days: int, now: datetime) -> Interval | None:
    """Return the instants of local days from `first` on, as far as the horizon reaches; None if it is past."""
    today = now.astimezone(profile.zone).date()
    last = today + timedelta(days=profile.horizon_days + 1)
    begin = max(first, today)
    # The smaller one first: a visitor may ask for the last day of the calendar.
    end = min(min(first, last) + timedelta(days=days), last)
    if end <= begin:
        return None
    margin = timedelta(days=1)  # buffers, and visits that began the day before
    utc = now.tzinfo
    return Interval(
        datetime.combine(begin, time(), tzinfo=utc) - margin, datetime.combine(end, time(), tzinfo=utc) + margin
    )
