"""Says which starts can be booked: opening hours, steps, notice, horizon, buffers, and what is taken.

Starts are counted in steps from each period's opening. The visit has to fit into one period; its buffers may
stick out of it, but not into what is taken. The horizon counts local days: today and `horizon_days` more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Self

from shared.messages.errors import ErrorCode
from shared.tenants.profile import Service, TenantProfile
from workers.booking.domain.openings import openings
from workers.booking.domain.taken import Taken, from_seconds, to_seconds
from workers.booking.domain.values import Interval, Refusal, SlotOffer


def free_slots(
    profile: TenantProfile,
    service_id: str | None,
    *,
    from_day: date | None,
    days: int,
    now: datetime,
    busy: Sequence[Interval],
) -> list[SlotOffer]:
    """Return what is free on `days` local dates from `from_day`, by start, then in the profile's order.

    Without a `from_day` that is today's date; without a `service_id` all services are meant, and an unknown
    one has no slots. `busy` is what holds and appointments block, buffers included, and what the calendar
    says, in any order.
    """
    search = _Search.prepare(profile, service_id, now, busy)
    begin = search.today if from_day is None else from_day.toordinal()
    window = range(max(begin, search.today), min(begin + days, search.last + 1))
    return [offer for ordinal in window for offer in search.on(ordinal)]


def is_offered(profile: TenantProfile, service: Service, start: datetime, now: datetime) -> Refusal | None:
    """Return None when the rules allow this start, whatever is taken, and `INVALID_TIME` when they do not."""
    search = _Search.prepare(profile, service.id, now, ())
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
    busy: Sequence[Interval],
    count: int = 5,
) -> list[SlotOffer]:
    """Return the `count` best free starts to take instead of `wanted`, best first; fewer if there are fewer.

    First those of the same local day, closest first. Then of every other day the one closest to the wanted
    time of day, nearest day first; when the days run out, every day's second, and so on. The earlier of two
    equals comes first, and `wanted` itself is never among them.
    """
    search = _Search.prepare(profile, service_id, now, busy)
    wanted_wall = wanted.astimezone(profile.zone)
    wanted_day = wanted_wall.toordinal()

    def off_time_of_day(offer: SlotOffer) -> tuple[int, datetime]:
        wall = offer.start.astimezone(profile.zone)
        return abs((wall.hour - wanted_wall.hour) * 60 + wall.minute - wanted_wall.minute), offer.start

    same_day = [offer for offer in search.on(wanted_day) if offer.start != wanted]
    best = sorted(same_day, key=lambda offer: (abs(offer.start - wanted), offer.start))
    other_days: list[list[SlotOffer]] = []
    for ordinal in sorted(range(search.today, search.last + 1), key=lambda day: (abs(day - wanted_day), day)):
        if len(best) + len(other_days) >= count:
            break
        if ordinal != wanted_day and (offers := search.on(ordinal)):
            other_days.append(sorted(offers, key=off_time_of_day))
    best.extend(offer for turn in zip_longest(*other_days) for offer in turn if offer)
    return best[:count]


def _earliest(profile: TenantProfile, now: datetime) -> datetime:
    return now + timedelta(minutes=profile.minimum_notice_minutes)


@dataclass(frozen=True, slots=True)
class _Search:
    """One look for free times; days are proleptic ordinals, which do not overflow."""

    profile: TenantProfile
    services: tuple[Service, ...]
    earliest: int
    today: int
    last: int
    taken: Taken

    @classmethod
    def prepare(cls, profile: TenantProfile, service_id: str | None, now: datetime, busy: Sequence[Interval]) -> Self:
        today = now.astimezone(profile.zone).toordinal()
        if service_id is None:
            services = profile.services
        else:
            service = profile.service(service_id)
            services = (service,) if service else ()
        return cls(
            profile=profile,
            services=services,
            earliest=to_seconds(_earliest(profile, now)),
            today=today,
            last=today + profile.horizon_days,
            taken=Taken.merged(busy),
        )

    def on(self, ordinal: int) -> list[SlotOffer]:
        """Return what is free on a day, none outside the horizon."""
        if not self.today <= ordinal <= self.last:
            return []
        offers = [
            offer
            for opening in openings(self.profile, date.fromordinal(ordinal))
            for service in self.services
            for offer in self._within(opening, service)
        ]
        if len(self.services) > 1:
            offers.sort(key=lambda offer: offer.start)
        return offers

    def _within(self, opening: Interval, service: Service) -> list[SlotOffer]:
        step, length = service.step * 60, service.duration_minutes * 60
        opens, closes = to_seconds(opening.start), to_seconds(opening.end)
        missed_steps = max(0, -(-(self.earliest - opens) // step))
        candidates = range(opens + missed_steps * step, closes - length + 1, step)
        before = service.buffer_before_minutes * 60
        after = length + service.buffer_after_minutes * 60
        offers = []
        stride, duration = timedelta(seconds=step), timedelta(seconds=length)
        for run in self.taken.free_runs(candidates, before, after):
            start = from_seconds(run.start)
            for _ in run:
                offers.append(SlotOffer(start, start + duration, service.id))
                start += stride
        return offers
