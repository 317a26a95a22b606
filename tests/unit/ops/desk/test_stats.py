"""Failures are counted by reason and by hour."""

from datetime import timedelta

from ops.desk.domain.counts import MAX_HOURS
from shared.ledger.failures import FailureFilter
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA

HOUR = timedelta(hours=1)


async def test_counts_are_exact_and_hours_without_failures_are_there(world):
    """Every hour between the first and the last has its number, 0 among them."""
    for number, (hours, reason) in enumerate([(0, "bug"), (0.5, "bug"), (3, "timeout")]):
        at = NOON + hours * HOUR
        await world.failed(f"k{number}", reason=reason, first_at=at, last_at=at)
    stats = await world.desk.stats(ANNA)
    assert (stats.total, stats.is_complete) == (3, True)
    assert dict(stats.by_reason) == {"bug": 2, "timeout": 1}
    assert dict(stats.by_hour) == {NOON: 2, NOON + HOUR: 0, NOON + 2 * HOUR: 0, NOON + 3 * HOUR: 1}
    assert dict(stats.by_reason_and_hour["bug"]) == {NOON: 2}
    assert (dict(stats.by_state), dict(stats.by_queue)) == ({"failed": 3}, {"booking": 3})


async def test_nothing_is_nothing(world):
    """An empty ledger has empty counts."""
    stats = await world.desk.stats(ANNA, FailureFilter(queue="chat"))
    assert (stats.total, dict(stats.by_hour)) == (0, {})


async def test_a_failure_of_last_year_does_not_make_ten_thousand_hours(world):
    """A plot ends a month back; the other counts have everything."""
    await world.failed("old", first_at=NOON - timedelta(days=365), last_at=NOON - timedelta(days=365))
    await world.failed("new")
    stats = await world.desk.stats(ANNA)
    assert (stats.total, len(stats.by_hour)) == (2, MAX_HOURS)
    assert stats.by_hour[NOON] == 1
