"""Applies the rules of a profile, and occupied times, to the starts of its services.

The lists of free times (`slots.py`) and the explanations of single times (`explanation.py`) ask the same search.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, Self

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Resource, Service
from workers.booking.domain.free_starts import OccupiedRanges, seconds_to_instant
from workers.booking.domain.grid import MAX_BUCKETS_OF_HOLD, is_too_fine
from workers.booking.domain.hold import compute_blocked_interval
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.notice import find_earliest_start
from workers.booking.domain.openings import OpeningTimes
from workers.booking.domain.values import SlotOffer


class LaneGroup(NamedTuple):
    """Lanes of a service with the same hours: those of the business, or of a resource that has its own."""

    resource: Resource | None
    lanes: tuple[str, ...]
    occupied: tuple[OccupiedRanges, ...]
    """Of each lane; of one for all lanes if they make no difference. A start is free if it is free in one."""

    def is_free(self, service: Service, start: int) -> bool:
        """Return whether a start is free in one of the lanes, in seconds since the epoch."""
        return bool([*_find_free_runs(self, service, range(start, start + 1))])


@dataclass(frozen=True, slots=True)
class Search:
    """A search for free times; days are proleptic ordinals, which do not overflow."""

    profile: TenantProfile
    times: OpeningTimes
    services: tuple[tuple[Service, tuple[LaneGroup, ...]], ...]
    earliest: int
    today: int
    last: int
    full_days: Collection[tuple[date, str | None]]
    day_grids: Mapping[date, int]

    @classmethod
    def prepare(cls, profile: TenantProfile, service_id: str | None, now: datetime, occupancy: Occupancy) -> Self:
        """Return the search for a service, or for all if none is named; an unknown service has no starts."""
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
            day_grids=occupancy.day_grids,
        )

    def is_in_horizon(self, ordinal: int) -> bool:
        """Return whether visits of a local date can be booked by now."""
        return self.today <= ordinal <= self.last

    def is_full(self, ordinal: int, service_id: str | None) -> bool:
        """Return whether the daily cap of a service is reached, or (None) that of the whole business."""
        return bool(self.full_days) and (date.fromordinal(ordinal), service_id) in self.full_days

    def is_too_fine(self, service: Service, start: datetime) -> bool:
        """Return whether a visit has more buckets than can be written at once, in the grids of its days."""
        return is_too_fine(compute_blocked_interval(service, start), self.day_grids)

    def _may_be_too_long(self, service: Service) -> bool:
        """Return whether the smallest buckets would be too many; as a rule not, and no start has to be checked."""
        blocked = service.buffer_before_minutes + service.duration_minutes + service.buffer_after_minutes
        return blocked // min(self.day_grids.values()) + 2 > MAX_BUCKETS_OF_HOLD

    def find_offers_on(self, ordinal: int) -> list[SlotOffer]:
        """Return the free slots of a day; none outside the horizon."""
        if not self.is_in_horizon(ordinal) or self.is_full(ordinal, None):
            return []
        offers = [
            offer
            for service, groups in self.services
            if not self.is_full(ordinal, service.id)
            for offer in self._find_offers_of(service, groups, ordinal)
        ]
        if self.day_grids:
            long = {service.id: service for service, _ in self.services if self._may_be_too_long(service)}
            offers = [
                offer
                for offer in offers
                if offer.service_id not in long or not self.is_too_fine(long[offer.service_id], offer.start)
            ]
        if len(self.services) > 1:
            offers.sort(key=lambda offer: offer.start)
        return offers

    def _find_offers_of(self, service: Service, groups: Sequence[LaneGroup], ordinal: int) -> list[SlotOffer]:
        runs = [
            run
            for group in groups
            for opening in self.times.list_openings(ordinal, group.resource)
            for run in _find_free_runs(group, service, opening.list_starts(service, self.earliest))
        ]
        step, duration = timedelta(minutes=service.step), timedelta(minutes=service.duration_minutes)
        if len(groups) > 1:
            starts = map(seconds_to_instant, sorted({start for run in runs for start in run}))
            return [SlotOffer(start, start + duration, service.id) for start in starts]
        offers = []
        for run in runs:
            start = seconds_to_instant(run.start)
            for _ in run:
                offers.append(SlotOffer(start, start + duration, service.id))
                start += step
        return offers


def _list_lane_groups(
    profile: TenantProfile, service: Service, occupancy: Occupancy, merged: dict[str, OccupiedRanges]
) -> Iterator[LaneGroup]:
    lanes_by_resource: dict[str | None, tuple[Resource | None, list[str]]] = {}
    for lane in profile.list_lanes(service):
        resource = profile.find_own_hours(lane)
        lanes_by_resource.setdefault(resource.id if resource else None, (resource, []))[1].append(lane)
    for resource, lanes in lanes_by_resource.values():
        yield LaneGroup(resource, tuple(lanes), _merge_lanes(lanes, occupancy, merged))


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


def _find_free_runs(group: LaneGroup, service: Service, candidates: range) -> Iterable[range]:
    """Return the candidates at which the service is free in at least one lane, in order."""
    before = service.buffer_before_minutes * 60
    after = (service.duration_minutes + service.buffer_after_minutes) * 60
    if len(group.occupied) == 1:
        return group.occupied[0].find_free_runs(candidates, before, after)
    runs = (run for lane in group.occupied for run in lane.find_free_runs(candidates, before, after))
    return _split_runs({start for run in runs for start in run})


def _split_runs(starts: Collection[int]) -> list[range]:
    return [range(start, start + 1) for start in sorted(starts)]
