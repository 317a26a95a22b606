"""Counts the requests to Google by which calendars are read for changes, in a week, and how a full minute is spread.

The rules and the budget are those of the booking worker; the leases are in memory. Run it with `make bench-syncs`.
"""

import asyncio
import heapq
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from shared.errors import RateLimitedError
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile
from tests.fakes.clock import FakeClock
from tests.fakes.request_leases import FakeRequestLeases
from workers.booking.adapters.google.budget import RequestBudget
from workers.booking.domain.due_calendars import is_near_hours, select_due
from workers.booking.domain.request_budget import REQUESTS_PER_MINUTE, SHARE_OF_SYNCS, Urgency

PROFILE = Path("infra/local/demo/tenants/studio-lumen/profile.yaml")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
"""A week without public holidays."""
MINUTE = timedelta(minutes=1)
DAYS = 7
BUSINESSES = (1, 50, 500)
PROCESSES = (1, 50)
FORMER_INTERVAL = 5


def main() -> None:
    """Print both tables."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    profile = parse_profile(PROFILE.read_text(encoding="utf-8"))
    print("| businesses with a calendar each | requests a day before | now | the most in a minute before | now |")
    print("| --- | --- | --- | --- | --- |")
    for count in BUSINESSES:
        before, now = list(count_former(profile, count)), list(count_due(profile, count))
        print(
            f"| {count} | {sum(before) / DAYS:,.0f} | {sum(now) / DAYS:,.0f} | {max(before):,} | {max(now):,} |",
            flush=True,
        )
    print("\n| processes | reads of the minute | the last one begins after | waits in the queue | writes of leases |")
    print("| --- | --- | --- | --- | --- |")
    for processes in PROCESSES:
        print(asyncio.run(spread_minute(max(count_due(profile, max(BUSINESSES))), processes)), flush=True)


def list_minutes() -> Iterator[datetime]:
    """Yield the ticks of a week."""
    return (MONDAY + number * MINUTE for number in range(DAYS * 24 * 60))


def count_former(profile: TenantProfile, count: int) -> Iterator[int]:
    """Yield how many calendars each tick read by the rule of the release before."""
    for at in list_minutes():
        yield count if at.minute % FORMER_INTERVAL == 0 or is_near_hours(profile, at) else 0


def count_due(profile: TenantProfile, count: int) -> Iterator[int]:
    """Yield how many calendars each tick reads."""
    calendars = [f"calendar-{number:04}" for number in range(count)]
    for at in list_minutes():
        near_hours = calendars if is_near_hours(profile, at) else ()
        yield len(select_due(calendars, near_hours, at, per_minute=REQUESTS_PER_MINUTE // SHARE_OF_SYNCS))


async def spread_minute(reads: int, processes: int) -> str:
    """Return what happens to the reads of a minute, which are all received at once."""
    clock, leases = FakeClock(MONDAY), FakeRequestLeases()
    budgets = [
        RequestBudget(leases=leases, clock=clock, requests_per_minute=REQUESTS_PER_MINUTE) for _ in range(processes)
    ]
    due = [(MONDAY, number) for number in range(reads)]
    waits = 0
    while due:
        at, number = heapq.heappop(due)
        clock.set(at)
        try:
            await budgets[number % processes].admit(f"calendar-{number}", Urgency.SYNC, "")
        except RateLimitedError as error:
            waits += 1
            heapq.heappush(due, (at + (error.retry_after or MINUTE), number))
    return f"| {processes} | {reads} | {(clock.now() - MONDAY).total_seconds():.0f} s | {waits} | {leases.writes} |"


if __name__ == "__main__":
    main()
