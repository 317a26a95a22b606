"""Measures the search for free times: 60 days, 500 busy intervals, against checking every start with every one.

Run it with `python bench/slots.py`.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from shared.tenants.profile import TenantProfile
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import alternatives, free_slots
from workers.booking.domain.values import Interval, SlotOffer

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAYS = 60
BUSY = 500
RUNS = 50


def main() -> None:
    """Print the times, after asserting that both ways find the same."""
    profile, busy = make_profile(), make_busy()
    swept, naive = sweep(profile, busy), check_all(profile, busy)
    assert swept == naive
    wanted = datetime(2026, 3, 16, 9, tzinfo=UTC)
    print(f"{DAYS} days, {BUSY} busy intervals, {len(swept)} free slots")
    report("free_slots", lambda: sweep(profile, busy))
    report("alternatives", lambda: alternatives(profile, "consultation", wanted, now=NOW, occupancy=Occupancy(busy)))
    report("every start against every busy", lambda: check_all(profile, busy), runs=3)


def make_profile() -> TenantProfile:
    """Return a business that is open nine hours a day and offers a start every quarter of an hour."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return TenantProfile.model_validate(
        {
            "name": "Bench",
            "time_zone": "Europe/Warsaw",
            "calendar_id": "bench",
            "horizon_days": DAYS,
            "services": [
                {
                    "id": "consultation",
                    "name": {"en": "Consultation"},
                    "duration_minutes": 45,
                    "step_minutes": 15,
                    "buffer_before_minutes": 5,
                    "buffer_after_minutes": 10,
                }
            ],
            "opening_hours": {day: ["08:00-12:30", "13:30-18:00"] for day in days},
        }
    )


def make_busy() -> list[Interval]:
    """Return visits of half an hour, anywhere in the horizon, in no order."""
    random.seed(1)
    starts = (NOW + timedelta(minutes=5 * random.randrange(DAYS * 24 * 12)) for _ in range(BUSY))
    return [Interval(start, start + timedelta(minutes=30)) for start in starts]


def sweep(profile: TenantProfile, busy: list[Interval]) -> list[SlotOffer]:
    """Search with the domain's one sweep."""
    return free_slots(profile, "consultation", from_day=None, days=DAYS, now=NOW, occupancy=Occupancy(busy))


def check_all(profile: TenantProfile, busy: list[Interval]) -> list[SlotOffer]:
    """Search as one would at first: list every start, drop those that overlap any busy interval."""
    service = profile.services[0]
    before = timedelta(minutes=service.buffer_before_minutes)
    after = timedelta(minutes=service.buffer_after_minutes)
    offers = free_slots(profile, "consultation", from_day=None, days=DAYS, now=NOW, occupancy=Occupancy([]))
    return [
        offer
        for offer in offers
        if not any(Interval(offer.start - before, offer.end + after).overlaps(interval) for interval in busy)
    ]


def report(name: str, action: Callable[[], object], runs: int = RUNS) -> None:
    """Print how long an action takes: the median, and the best, which other work on the machine disturbs least."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    print(f"{name:32} median {statistics.median(times) * 1000:8.2f} ms   best {min(times) * 1000:8.2f} ms")


if __name__ == "__main__":
    main()
