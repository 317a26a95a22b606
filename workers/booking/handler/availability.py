"""What is taken: by appointments of ours, and by what else stands in the business's calendar."""

import asyncio
import itertools
from collections.abc import Sequence
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
from workers.booking.handler.frames import refused, slots
from workers.booking.handler.roles import Roles

MAX_LISTED_BYTES = 22 * 1024
"""Of an answer's services and slots, so that its frame stays under 24 KB; later slots are asked for by `from`."""

_MOST_LISTED = 300
"""More never fit, at 90 bytes and more a slot: what is beyond them need not even be looked at."""

_ALTERNATIVES = 5
_NEARBY = timedelta(days=14)


async def busy_between(
    roles: Roles, tenant: str, profile: TenantProfile, between: Interval, *, at: datetime, fresh: bool = False
) -> list[Interval]:
    """Return everything that is taken in an interval."""
    ours, calendars = await asyncio.gather(
        roles.appointments.taken(tenant, between, at=at),
        roles.calendar.busy(profile.calendar_id, between, fresh=fresh),
    )
    return [*ours, *calendars]


async def list_slots(roles: Roles, work: SlotsCommand, locale: str) -> BookingSlots | Error:
    """Return free times, whole days of them as far as a frame holds; an unknown service is refused."""
    profile = await roles.tenants.profile(work.tenant)
    now = roles.clock.now()
    service = profile.service(work.data.service) if work.data.service else None
    if work.data.service and service is None:
        return refused(work, Refusal(ErrorCode.UNKNOWN_SERVICE), profile.zone, locale)
    first = work.data.from_ or now.astimezone(profile.zone).date()
    offers: list[SlotOffer] = []
    if window := _window(profile, first, work.data.days, now):
        busy = await busy_between(roles, work.tenant, profile, window, at=work.accepted_at)
        offers = free_slots(
            profile,
            service.id if service else None,
            from_day=work.data.from_,
            days=work.data.days,
            now=now,
            busy=busy,
        )
    services = tuple(
        ServiceOffer(id=one.id, name=one.name.in_(locale), duration_minutes=one.duration_minutes)
        for one in profile.services
    )
    room = MAX_LISTED_BYTES - sum(_size(one) for one in services)
    listed, next_from = _whole_days(slots(offers[:_MOST_LISTED], profile.zone), room)
    return BookingSlots(
        re=work.client_id,
        data=BookingSlotsData(
            slots=listed,
            services=services,
            time_zone=profile.time_zone,
            next_from=next_from,
        ),
    )


def _whole_days(found: Sequence[Slot], room: int) -> tuple[tuple[Slot, ...], date | None]:
    """Return the days that fit, and the first one that does not.

    A day that is cut would look nearly booked out; only a first day that is too long by itself is.
    """
    sizes = itertools.accumulate(_size(slot) for slot in found)
    fitting = tuple(slot for slot, size in zip(found, sizes, strict=True) if size <= room)
    if len(fitting) == len(found):
        return fitting, None
    cut = found[len(fitting)].start.date()
    whole = tuple(slot for slot in fitting if slot.start.date() < cut)
    return (whole, cut) if whole else (fitting, cut + timedelta(days=1))


def _size(part: Message) -> int:
    """Return the bytes that a part of a list takes, its comma included."""
    return len(part.model_dump_json().encode()) + 1


async def slot_taken(
    roles: Roles, work: Envelope, profile: TenantProfile, service_id: str, wanted: datetime
) -> Refusal:
    """Return `SLOT_TAKEN` with free times to take instead, best first.

    Days near the wanted one are looked at first, the whole horizon only when those have too few. A calendar that
    can't be reached costs the visitor the alternatives, not the answer.
    """
    now = roles.clock.now()
    found: list[SlotOffer] = []
    for days in (_NEARBY, timedelta(days=profile.horizon_days)):
        near = profile.model_copy(update={"horizon_days": min(profile.horizon_days, _days_until(wanted, now, days))})
        window = _window(near, now.astimezone(profile.zone).date(), near.horizon_days + 1, now)
        if window is None:
            break
        try:
            busy = await busy_between(roles, work.tenant, near, window, at=work.accepted_at)
        except (TransientError, PermanentError):
            break
        found = alternatives(near, service_id, wanted, now=now, busy=busy, count=_ALTERNATIVES)
        if len(found) >= _ALTERNATIVES or near.horizon_days >= profile.horizon_days:
            break
    return Refusal(ErrorCode.SLOT_TAKEN, tuple(found))


def _days_until(wanted: datetime, now: datetime, beyond: timedelta) -> int:
    return max((wanted - now + beyond).days, 1)


def _window(profile: TenantProfile, first: date, days: int, now: datetime) -> Interval | None:
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
