"""Finds the starts that can be booked, by opening hours, steps, notice, horizon, buffers and occupied times.

Starts are counted in steps from each period's opening. The visit must fit into one period, or into adjoining ones where
the profile merges them. Its buffers may exceed the period, but must not overlap an occupied time. The horizon counts
local days: today and `horizon_days` more.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple, Self

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Resource, Service
from workers.booking.domain.free_starts import OccupiedRanges, instant_to_seconds, seconds_to_instant
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.notice import find_earliest_start
from workers.booking.domain.openings import OpeningTimes
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
    search = _Search.prepare(profile, service_id, now, occupancy)
    begin = search.today if from_day is None else from_day.toordinal()
    window = range(max(begin, search.today), min(begin + days, search.last + 1))
    return [offer for ordinal in window for offer in search.find_offers_on(ordinal)]


def refuse_unoffered_start(profile: TenantProfile, service: Service, start: datetime, now: datetime) -> Refusal | None:
    """Return None if the rules allow this start, else `INVALID_TIME`; occupied times are not considered."""
    search = _Search.prepare(profile, service.id, now, Occupancy())
    in_horizon = search.today <= start.astimezone(profile.zone).toordinal() <= search.last
    [(_, groups)] = search.services
    if (
        in_horizon
        and instant_to_seconds(start) >= search.earliest
        and any(search.times.offers_start(service, start, group.resource) for group in groups)
    ):
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
    search = _Search.prepare(profile, service_id, now, occupancy)
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


class _LaneGroup(NamedTuple):
    """Lanes of a service with the same hours: those of the business, or of a resource that has its own."""

    resource: Resource | None
    occupied: tuple[OccupiedRanges, ...]
    """Of each lane: a start is free if it is free in one of them."""


@dataclass(frozen=True, slots=True)
class _Search:
    """A search for free times; days are proleptic ordinals, which do not overflow."""

    profile: TenantProfile
    times: OpeningTimes
    services: tuple[tuple[Service, tuple[_LaneGroup, ...]], ...]
    earliest: int
    today: int
    last: int
    full_days: Collection[tuple[date, str | None]]

    @classmethod
    def prepare(cls, profile: TenantProfile, service_id: str | None, now: datetime, occupancy: Occupancy) -> Self:
        times, today = OpeningTimes(profile), now.astimezone(profile.zone).toordinal()
        if service_id is None:
            services = profile.services
        else:
            service = profile.find_service(service_id)
            services = (service,) if service else ()
        merged: dict[str, OccupiedRanges] = {}
        return cls(
            profile=profile,
            times=times,
            services=tuple(
                (service, tuple(_list_lane_groups(profile, service, occupancy, merged))) for service in services
            ),
            earliest=find_earliest_start(profile, times, now),
            today=today,
            last=today + profile.horizon_days,
            full_days=occupancy.full_days,
        )

    def find_offers_on(self, ordinal: int) -> list[SlotOffer]:
        """Return the free slots of a day; none outside the horizon."""
        if not self.today <= ordinal <= self.last:
            return []
        day = date.fromordinal(ordinal)
        if (day, None) in self.full_days:
            return []
        offers = [
            offer
            for service, groups in self.services
            if (day, service.id) not in self.full_days
            for offer in self._find_offers_of(service, groups, ordinal)
        ]
        if len(self.services) > 1:
            offers.sort(key=lambda offer: offer.start)
        return offers

    def _find_offers_of(self, service: Service, groups: Sequence[_LaneGroup], ordinal: int) -> list[SlotOffer]:
        before = service.buffer_before_minutes * 60
        after = (service.duration_minutes + service.buffer_after_minutes) * 60
        runs = [
            run
            for resource, occupied in groups
            for opening in self.times.list_openings(ordinal, resource)
            for run in _find_free_runs(occupied, opening.list_starts(service, self.earliest), before, after)
        ]
        if len(groups) > 1:
            runs = _split_runs({start for run in runs for start in run})
        step, duration = timedelta(minutes=service.step), timedelta(minutes=service.duration_minutes)
        offers = []
        for run in runs:
            start = seconds_to_instant(run.start)
            for _ in run:
                offers.append(SlotOffer(start, start + duration, service.id))
                start += step
        return offers


def _list_lane_groups(
    profile: TenantProfile, service: Service, occupancy: Occupancy, merged: dict[str, OccupiedRanges]
) -> Iterator[_LaneGroup]:
    lanes_by_resource: dict[str | None, tuple[Resource | None, list[str]]] = {}
    for lane in profile.list_lanes(service):
        resource = profile.find_own_hours(lane)
        lanes_by_resource.setdefault(resource.id if resource else None, (resource, []))[1].append(lane)
    for resource, lanes in lanes_by_resource.values():
        yield _LaneGroup(resource, _merge_lanes(lanes, occupancy, merged))


def _merge_lanes(
    lanes: Sequence[str], occupancy: Occupancy, merged: dict[str, OccupiedRanges]
) -> tuple[OccupiedRanges, ...]:
    """Return the occupied ranges of each lane; if a lane has none of its own, the others make no difference."""
    lane_times = {lane: occupancy.lanes.get(lane, ()) for lane in lanes}
    needed = list(lane_times) if all(lane_times.values()) else [""]
    for lane in needed:
        if lane not in merged:
            merged[lane] = OccupiedRanges.merge([*occupancy.everywhere, *lane_times.get(lane, ())])
    return tuple(merged[lane] for lane in needed)


def _find_free_runs(lanes: Sequence[OccupiedRanges], candidates: range, before: int, after: int) -> Iterable[range]:
    """Return the candidates that are free in at least one lane, in order."""
    if len(lanes) == 1:
        return lanes[0].find_free_runs(candidates, before, after)
    return _split_runs(
        {start for lane in lanes for run in lane.find_free_runs(candidates, before, after) for start in run}
    )


def _split_runs(starts: Collection[int]) -> list[range]:
    return [range(start, start + 1) for start in sorted(starts)]
