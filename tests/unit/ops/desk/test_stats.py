"""Failures are counted by reason and by hour."""

from datetime import timedelta

from ops.desk.domain.counts import MAX_HOURS
from shared.ledger.failures import FailureFilter
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA

HOUR = timedelta(hours=1)


async def test_counts_include_hours_without_failures(world):
    """Every hour between the first and the last has a count, which may be 0."""
    for number, (hours, reason) in enumerate([(0, "bug"), (0.5, "bug"), (3, "timeout")]):
        at = NOON + hours * HOUR
        await world.failed(f"k{number}", reason=reason, first_at=at, last_at=at)
    stats = await world.desk.count_failures(ANNA)
    assert (stats.total, stats.is_complete) == (3, True)
    assert dict(stats.by_reason) == {"bug": 2, "timeout": 1}
    assert dict(stats.by_hour) == {NOON: 2, NOON + HOUR: 0, NOON + 2 * HOUR: 0, NOON + 3 * HOUR: 1}
    assert dict(stats.by_reason_and_hour["bug"]) == {NOON: 2}
    assert (dict(stats.by_state), dict(stats.by_queue)) == ({"failed": 3}, {"booking": 3})


async def test_an_empty_ledger(world):
    """Its counts are empty."""
    stats = await world.desk.count_failures(ANNA, FailureFilter(queue="chat"))
    assert (stats.total, dict(stats.by_hour)) == (0, {})


async def test_old_failures_do_not_extend_the_plot(world):
    """The hours of the last month are counted separately; the other counts include older failures."""
    await world.failed("old", first_at=NOON - timedelta(days=365), last_at=NOON - timedelta(days=365))
    await world.failed("new")
    stats = await world.desk.count_failures(ANNA)
    assert (stats.total, len(stats.by_hour)) == (2, MAX_HOURS)
    assert stats.by_hour[NOON] == 1
