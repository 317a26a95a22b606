"""The times at which the demo business can be booked."""

from datetime import UTC, datetime

from bench.floods.floods import SERVICE
from infra.local.seed import read_demo_profile
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_free_slots


def list_starts(tenant: str) -> list[str]:
    """Return every start from tomorrow on, one of each day in turn, so that visitors spread over the days."""
    profile = read_demo_profile(tenant)
    offers = find_free_slots(
        profile,
        SERVICE,
        from_day=None,
        days=59,
        now=datetime.now(UTC),
        occupancy=Occupancy([]),
    )
    by_day: dict[str, list[str]] = {}
    for offer in offers:
        start = offer.start.astimezone(profile.zone)
        if start.minute == 0:
            by_day.setdefault(start.date().isoformat(), []).append(start.isoformat())
    days = list(by_day.values())[1:]
    hours = max(map(len, days))
    return [day[hour] for hour in range(hours) for day in days if hour < len(day)]
