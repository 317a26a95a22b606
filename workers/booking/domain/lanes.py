"""Says which lane a visit can take: a resource of the business, or one of its seats, each one visit at a time."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.values import Interval


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What is taken: of the whole business, and of single lanes; in any order, overlaps allowed."""

    everywhere: Sequence[Interval] = ()
    lanes: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    full_days: Collection[tuple[date, str | None]] = ()
    """Local dates whose cap is reached: of one service, or with None of the whole business."""

    def blocks(self, lane: str, interval: Interval) -> bool:
        """Whether a lane has no room for a stretch of time."""
        return any(interval.overlaps(occupied) for occupied in (*self.everywhere, *self.lanes.get(lane, ())))


def free_lanes(
    profile: TenantProfile, service: Service, blocked: Interval, occupancy: Occupancy, *, appointment_id: str
) -> list[str]:
    """Return the lanes that have room for the visit with its buffers, the one to try first at the head.

    Those come first that the fewest other services need; among equals the appointment's id decides, so that
    visitors who want the same hour at the same moment try different ones, and work spreads evenly.
    """
    free = [lane for lane in profile.lanes_of(service) if not occupancy.blocks(lane, blocked)]
    wanted_by = _services_by_lane(profile)
    return sorted(free, key=lambda lane: (wanted_by[lane], _draw(appointment_id, lane)))


def _services_by_lane(profile: TenantProfile) -> dict[str, int]:
    counts: dict[str, int] = {}
    for service in profile.services:
        for lane in profile.lanes_of(service):
            counts[lane] = counts.get(lane, 0) + 1
    return counts


def _draw(appointment_id: str, lane: str) -> bytes:
    return hashlib.sha256(f"{appointment_id}/{lane}".encode()).digest()


def group_by_lane(pairs: Iterable[tuple[str, Interval]]) -> dict[str, list[Interval]]:
    """Gather intervals by the lane that they belong to."""
    found: dict[str, list[Interval]] = {}
    for lane, interval in pairs:
        found.setdefault(lane, []).append(interval)
    return found
