"""Finds the starts that can be booked, by opening hours, steps, notice, horizon, buffers and occupied times.

Starts are counted in steps from each period's opening. The visit must fit into one period, or into adjoining ones where
the profile merges them. Its buffers may exceed the period, but must not overlap an occupied time. The horizon counts
local days: today and `horizon_days` more.
"""

from datetime import date, datetime
from itertools import zip_longest

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.explanation import Question, find_block
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.search import Search
from workers.booking.domain.values import Refusal, SlotOffer


def find_free_slots(
    profile: TenantProfile,
    service_id: str | None,
    *,
    from_day: date | None,
    days: int,
    now: datetime,
    occupancy: Occupancy,
) -> list[SlotOffer]:
    """Return the free slots on `days` local dates from `from_day`, sorted by start, then in the profile's order.

    `from_day` defaults to today. Without a `service_id` all services are searched; an unknown service has no slots.
    `occupancy` has the times of holds and appointments, buffers included, the busy times of calendars, and full days.
    A start is free if one of the service's lanes is free.
    """
    search = Search.prepare(profile, service_id, now, occupancy)
    begin = search.today if from_day is None else from_day.toordinal()
    window = range(max(begin, search.today), min(begin + days, search.last + 1))
    return [offer for ordinal in window for offer in search.find_offers_on(ordinal)]


def refuse_unoffered_start(profile: TenantProfile, service: Service, start: datetime, now: datetime) -> Refusal | None:
    """Return None if the rules allow this start, else `INVALID_TIME`; occupied times are not considered."""
    if find_block(Question(profile, service, start, now, Occupancy())) is None:
        return None
    return Refusal(ErrorCode.INVALID_TIME)


def find_alternatives(
    profile: TenantProfile,
    service_id: str,
    requested: datetime,
    *,
    now: datetime,
    occupancy: Occupancy,
    count: int = 5,
    days_around: int | None = None,
) -> list[SlotOffer]:
    """Return the `count` best free starts instead of `requested`, best first; fewer if there are fewer.

    The starts of the same local day come first, closest first. Then each other day gives its start closest to the
    requested time of day, nearest day first; then each day's second start, and so on. Of two equals the earlier comes
    first. `requested` itself is never included. With `days_around`, only days at that distance or less are searched.
    """
    search = Search.prepare(profile, service_id, now, occupancy)
    requested_wall = requested.astimezone(profile.zone)
    requested_day = requested_wall.toordinal()

    def compute_distance_in_day(offer: SlotOffer) -> tuple[int, datetime]:
        wall = offer.start.astimezone(profile.zone)
        return abs((wall.hour - requested_wall.hour) * 60 + wall.minute - requested_wall.minute), offer.start

    same_day = [offer for offer in search.find_offers_on(requested_day) if offer.start != requested]
    best = sorted(same_day, key=lambda offer: (abs(offer.start - requested), offer.start))
    other_days: list[list[SlotOffer]] = []
    around = search.profile.horizon_days + abs(requested_day - search.today) if days_around is None else days_around
    days = range(max(search.today, requested_day - around), min(search.last, requested_day + around) + 1)
    for ordinal in sorted(days, key=lambda day: (abs(day - requested_day), day)):
        if len(best) + len(other_days) >= count:
            break
        if ordinal != requested_day and (offers := search.find_offers_on(ordinal)):
            other_days.append(sorted(offers, key=compute_distance_in_day))
    best.extend(offer for offers in zip_longest(*other_days) for offer in offers if offer)
    return best[:count]
