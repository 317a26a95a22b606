"""Finds the lanes that a visit can use. A lane is a resource or one of its seats, and has one visit at a time."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.grid import is_too_fine
from workers.booking.domain.openings import OpeningTimes
from workers.booking.domain.values import Interval


class OccupancySource(NamedTuple):
    """What occupies an interval: one of our appointments, or an entry of a calendar."""

    interval: Interval
    lane: str
    """Empty if it occupies all lanes."""
    appointment_id: str = ""
    calendar_id: str = ""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """The occupied times of the whole business and of single lanes, in any order; overlaps are allowed."""

    everywhere: Sequence[Interval] = ()
    lanes: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    full_days: Collection[tuple[date, str | None]] = ()
    """Local dates whose daily cap is reached, for one service or (None) for the whole business."""

    day_grids: Mapping[date, int] = field(default_factory=dict)
    """The size of the buckets of UTC days that have some, in minutes."""
    sources: Sequence[OccupancySource] = ()
    """Where the occupied times come from."""

    @classmethod
    def from_sources(
        cls,
        sources: Sequence[OccupancySource],
        full_days: Collection[tuple[date, str | None]],
        day_grids: Mapping[date, int],
    ) -> "Occupancy":
        """Return the times that the sources occupy."""
        return cls(
            everywhere=[source.interval for source in sources if not source.lane],
            lanes=group_by_lane((source.lane, source.interval) for source in sources if source.lane),
            full_days=full_days,
            day_grids=day_grids,
            sources=sources,
        )

    def blocks(self, lane: str, interval: Interval) -> bool:
        """Return whether a lane is occupied at any time of an interval."""
        return any(interval.overlaps(occupied) for occupied in (*self.everywhere, *self.lanes.get(lane, ())))


def select_free_lanes(
    profile: TenantProfile, service: Service, blocked: Interval, occupancy: Occupancy, *, appointment_id: str
) -> list[str]:
    """Return the lanes that are free for the visit with its buffers, in the order in which to try them.

    A lane of a resource with hours of its own is free only for the starts that these offer. A visit that is too long
    for the grid of its day fits into none. Lanes that fewer services use come first. Among equals a hash of the
    appointment's id decides: visitors who request the same time at once try different lanes, and visits are spread
    evenly.
    """
    if is_too_fine(blocked, occupancy.day_grids):
        return []
    start = blocked.start + timedelta(minutes=service.buffer_before_minutes)
    times = OpeningTimes(profile)
    free = [
        lane
        for lane in profile.list_lanes(service)
        if not occupancy.blocks(lane, blocked)
        and ((resource := profile.find_own_hours(lane)) is None or times.offers_start(service, start, resource))
    ]
    services = _count_services_by_lane(profile)
    return sorted(free, key=lambda lane: (services[lane], _compute_lane_order(appointment_id, lane)))


def _count_services_by_lane(profile: TenantProfile) -> dict[str, int]:
    counts: dict[str, int] = {}
    for service in profile.services:
        for lane in profile.list_lanes(service):
            counts[lane] = counts.get(lane, 0) + 1
    return counts


def _compute_lane_order(appointment_id: str, lane: str) -> bytes:
    return hashlib.sha256(f"{appointment_id}/{lane}".encode()).digest()


def group_by_lane(pairs: Iterable[tuple[str, Interval]]) -> dict[str, list[Interval]]:
    """Group intervals by lane."""
    by_lane: dict[str, list[Interval]] = {}
    for lane, interval in pairs:
        by_lane.setdefault(lane, []).append(interval)
    return by_lane
