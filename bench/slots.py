"""Measures the search for free times over 60 days with 500 busy intervals: `python bench/slots.py`.

The other side compares every start with every busy interval.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from shared.tenants.opening_hours import WEEKDAYS
from shared.tenants.profile import TenantProfile
from workers.booking.domain.explanation import Question, explain_start
from workers.booking.domain.lanes import Occupancy
from workers.booking.domain.slots import find_alternatives, find_free_slots
from workers.booking.domain.values import Interval, SlotOffer

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
NIGHT = datetime(2026, 3, 17, 22, tzinfo=UTC)
DAYS = 60
BUSY = 500
RUNS = 50

EVERY_RULE = {
    "opening_hours": {day: ["08:00-12:30", "12:30-18:00", "20:00-02:00"] for day in WEEKDAYS},
    "merge_adjoining_periods": True,
    "minimum_notice_open_minutes": 480,
    "closed_ranges": [{"first": "2026-04-03", "last": "2026-04-06"}],
    "resources": [
        {"id": "anna"},
        {"id": "tom", "opening_hours": {day: ["10:10-15:00"] for day in WEEKDAYS}},
        {"id": "ewa", "closed_ranges": [{"first": "2026-03-10", "last": "2026-03-20"}]},
    ],
}


def main() -> None:
    """Print the durations, after asserting that both searches return the same slots."""
    profile, busy = make_profile(), make_busy()
    every_rule = make_profile(**EVERY_RULE)
    swept, naive = sweep(profile, busy), check_all(profile, busy)
    assert swept == naive
    requested_start = datetime(2026, 3, 16, 9, tzinfo=UTC)
    print(f"{DAYS} days, {BUSY} busy intervals, {len(swept)} free slots")
    report("find_free_slots", lambda: sweep(profile, busy))
    report("find_free_slots, every rule", lambda: sweep(every_rule, busy))
    report("explain_start", lambda: explain_start(Question(profile, profile.services[0], NIGHT, NOW, Occupancy(busy))))
    report(
        "find_alternatives",
        lambda: find_alternatives(profile, "consultation", requested_start, now=NOW, occupancy=Occupancy(busy)),
    )
    report("every start with every interval", lambda: check_all(profile, busy), runs=3)


def make_profile(**fields: Any) -> TenantProfile:
    """Return a business that is open nine hours a day and offers a start every quarter of an hour."""
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
            "opening_hours": {day: ["08:00-12:30", "13:30-18:00"] for day in WEEKDAYS},
            **fields,
        }
    )


def make_busy() -> list[Interval]:
    """Return half-hour intervals at random times within the horizon, unsorted."""
    random.seed(1)
    starts = (NOW + timedelta(minutes=5 * random.randrange(DAYS * 24 * 12)) for _ in range(BUSY))
    return [Interval(start, start + timedelta(minutes=30)) for start in starts]


def sweep(profile: TenantProfile, busy: list[Interval]) -> list[SlotOffer]:
    """Search with the domain's single sweep over sorted intervals."""
    return find_free_slots(profile, "consultation", from_day=None, days=DAYS, now=NOW, occupancy=Occupancy(busy))


def check_all(profile: TenantProfile, busy: list[Interval]) -> list[SlotOffer]:
    """Search the simple way: list every start, then drop those that overlap a busy interval."""
    service = profile.services[0]
    before = timedelta(minutes=service.buffer_before_minutes)
    after = timedelta(minutes=service.buffer_after_minutes)
    offers = find_free_slots(profile, "consultation", from_day=None, days=DAYS, now=NOW, occupancy=Occupancy([]))
    return [
        offer
        for offer in offers
        if not any(Interval(offer.start - before, offer.end + after).overlaps(interval) for interval in busy)
    ]


def report(name: str, action: Callable[[], object], runs: int = RUNS) -> None:
    """Print how much CPU time an action takes: the median, and the minimum, which other load affects least."""
    durations = []
    for _ in range(runs):
        started = time.process_time()
        action()
        durations.append(time.process_time() - started)
    print(f"{name:32} median {statistics.median(durations) * 1000:8.2f} ms   min {min(durations) * 1000:8.2f} ms")


if __name__ == "__main__":
    main()
