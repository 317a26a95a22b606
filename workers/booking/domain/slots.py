"""Says which starts can be booked: opening hours, steps, notice, horizon, buffers, and what is taken.

Starts are counted in steps from each period's opening. The visit has to fit into one period; its buffers may
stick out of it, but not into what is taken. The horizon counts local days: today and `horizon_days` more.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Self

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.free_starts import OccupiedRanges, from_seconds, to_seconds
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.openings import openings
from workers.booking.domain.values import Interval, Refusal, SlotOffer


def free_slots(
    profile: TenantProfile,
    service_id: str | None,
    *,
    from_day: date | None,
    days: int,
    now: datetime,
    occupancy: Occupancy,
) -> list[SlotOffer]:
    """Return what is free on `days` local dates from `from_day`, by start, then in the profile's order.

    Without a `from_day` that is today's date; without a `service_id` all services are meant, and an unknown
    one has no slots. `taken` is what holds and appointments block, buffers included, what the calendars say, and
    the days that are full. A start is free if one of the service's lanes is.
    """
    search = _Search.prepare(profile, service_id, now, occupancy)
    begin = search.today if from_day is None else from_day.toordinal()
    window = range(max(begin, search.today), min(begin + days, search.last + 1))
    return [offer for ordinal in window for offer in search.offers_on(ordinal)]


def is_offered(profile: TenantProfile, service: Service, start: datetime, now: datetime) -> Refusal | None:
    """Return None when the rules allow this start, whatever is taken, and `INVALID_TIME` when they do not."""
    search = _Search.prepare(profile, service.id, now, Occupancy())
    day = start.astimezone(profile.zone).date()
    step, duration = timedelta(minutes=service.step), timedelta(minutes=service.duration_minutes)
    on_a_step = any(
        opening.start <= start and start + duration <= opening.end and not (start - opening.start) % step
        for opening in openings(profile, day)
    )
    if on_a_step and day.toordinal() <= search.last and start >= _earliest(profile, now):
        return None
    return Refusal(ErrorCode.INVALID_TIME)


def alternatives(
    profile: TenantProfile,
    service_id: str,
    wanted: datetime,
    *,
    now: datetime,
    occupancy: Occupancy,
    count: int = 5,
    days_around: int | None = None,
) -> list[SlotOffer]:
    """Return the `count` best free starts to take instead of `wanted`, best first; fewer if there are fewer.

    First those of the same local day, closest first. Then of every other day the one closest to the wanted
    time of day, nearest day first; when the days run out, every day's second, and so on. The earlier of two
    equals comes first, and `wanted` itself is never among them. Only days at most `days_around` from the wanted
    one are looked at, where that is given.
    """
    search = _Search.prepare(profile, service_id, now, occupancy)
    wanted_wall = wanted.astimezone(profile.zone)
    wanted_day = wanted_wall.toordinal()

    def off_time_of_day(offer: SlotOffer) -> tuple[int, datetime]:
        wall = offer.start.astimezone(profile.zone)
        return abs((wall.hour - wanted_wall.hour) * 60 + wall.minute - wanted_wall.minute), offer.start

    same_day = [offer for offer in search.offers_on(wanted_day) if offer.start != wanted]
    best = sorted(same_day, key=lambda offer: (abs(offer.start - wanted), offer.start))
    other_days: list[list[SlotOffer]] = []
    around = search.profile.horizon_days + abs(wanted_day - search.today) if days_around is None else days_around
    days = range(max(search.today, wanted_day - around), min(search.last, wanted_day + around) + 1)
    for ordinal in sorted(days, key=lambda day: (abs(day - wanted_day), day)):
        if len(best) + len(other_days) >= count:
            break
        if ordinal != wanted_day and (offers := search.offers_on(ordinal)):
            other_days.append(sorted(offers, key=off_time_of_day))
    best.extend(offer for turn in zip_longest(*other_days) for offer in turn if offer)
    return best[:count]


def _earliest(profile: TenantProfile, now: datetime) -> datetime:
    return now + timedelta(minutes=profile.minimum_notice_minutes)


@dataclass(frozen=True, slots=True)
class _Search:
    """One look for free times; days are proleptic ordinals, which do not overflow."""

    profile: TenantProfile
    services: tuple[tuple[Service, tuple[OccupiedRanges, ...]], ...]
    """Each with what is taken of its lanes: a start that one of them leaves free is free."""
    earliest: int
    today: int
    last: int
    full_days: Collection[tuple[date, str | None]]

    @classmethod
    def prepare(cls, profile: TenantProfile, service_id: str | None, now: datetime, occupancy: Occupancy) -> Self:
        today = now.astimezone(profile.zone).toordinal()
        if service_id is None:
            services = profile.services
        else:
            service = profile.service(service_id)
            services = (service,) if service else ()
        merged: dict[str, OccupiedRanges] = {}
        return cls(
            profile=profile,
            services=tuple(
                (service, _merge_lanes(profile.lanes_of(service), occupancy, merged)) for service in services
            ),
            earliest=to_seconds(_earliest(profile, now)),
            today=today,
            last=today + profile.horizon_days,
            full_days=occupancy.full_days,
        )

    def offers_on(self, ordinal: int) -> list[SlotOffer]:
        """Return what is free on a day, none outside the horizon."""
        if not self.today <= ordinal <= self.last:
            return []
        day = date.fromordinal(ordinal)
        if (day, None) in self.full_days:
            return []
        offers = [
            offer
            for opening in openings(self.profile, day)
            for service, lanes in self.services
            if (day, service.id) not in self.full_days
            for offer in self._within(opening, service, lanes)
        ]
        if len(self.services) > 1:
            offers.sort(key=lambda offer: offer.start)
        return offers

    def _within(self, opening: Interval, service: Service, lanes: Sequence[OccupiedRanges]) -> list[SlotOffer]:
        step, length = service.step * 60, service.duration_minutes * 60
        opens, closes = to_seconds(opening.start), to_seconds(opening.end)
        missed_steps = max(0, -(-(self.earliest - opens) // step))
        candidates = range(opens + missed_steps * step, closes - length + 1, step)
        before = service.buffer_before_minutes * 60
        after = length + service.buffer_after_minutes * 60
        stride, duration = timedelta(seconds=step), timedelta(seconds=length)
        offers = []
        for run in _free_runs(lanes, candidates, before, after):
            start = from_seconds(run.start)
            for _ in run:
                offers.append(SlotOffer(start, start + duration, service.id))
                start += stride
        return offers


def _merge_lanes(
    lanes: Sequence[str], occupancy: Occupancy, merged: dict[str, OccupiedRanges]
) -> tuple[OccupiedRanges, ...]:
    """Return what is taken of each lane; a lane of which nothing is taken makes the others superfluous."""
    own = {lane: occupancy.lanes.get(lane, ()) for lane in lanes}
    needed = list(own) if all(own.values()) else [""]
    for lane in needed:
        if lane not in merged:
            merged[lane] = OccupiedRanges.merge([*occupancy.everywhere, *own.get(lane, ())])
    return tuple(merged[lane] for lane in needed)


def _free_runs(lanes: Sequence[OccupiedRanges], candidates: range, before: int, after: int) -> Iterable[range]:
    """Return the candidates that at least one lane leaves free, in order."""
    if len(lanes) == 1:
        return lanes[0].free_runs(candidates, before, after)
    starts = {start for lane in lanes for run in lane.free_runs(candidates, before, after) for start in run}
    return (range(start, start + 1) for start in sorted(starts))
