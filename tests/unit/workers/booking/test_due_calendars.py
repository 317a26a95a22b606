"""Which calendars a tick reads: often, seldom, spread over time, and early enough before a business opens."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from workers.booking.domain.due_calendars import QUIET_INTERVAL_MINUTES, READ_AT_ONCE, is_near_hours, select_due

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def count_reads(calendars, near_hours, *, per_minute=200, minutes=60):
    """Return how many calendars each minute reads, and how often each is read."""
    due = [
        select_due(calendars, near_hours, NOON + number * MINUTE, per_minute=per_minute) for number in range(minutes)
    ]
    return [len(each) for each in due], Counter(calendar_id for each in due for calendar_id in each)


def names(count):
    return [f"calendar-{number:04}" for number in range(count)]


def test_a_few_calendars_are_read_by_the_same_tick():
    """While they are closed, four ticks an hour read them all; that is cheaper than forty."""
    a_minute, each = count_reads(names(READ_AT_ONCE), [])
    assert sorted(a_minute)[-5:] == [0, 10, 10, 10, 10]
    assert set(each.values()) == {60 // QUIET_INTERVAL_MINUTES}


@pytest.mark.parametrize("count", [11, 50, 155, 500])
def test_calendars_of_businesses_at_night_are_spread_over_the_quarter_of_an_hour(count):
    """Each is read as often as the others, and no minute reads more than its part and one group."""
    a_minute, each = count_reads(names(count), [])
    assert set(each.values()) == {4}
    assert len(each) == count
    assert max(a_minute) <= count / QUIET_INTERVAL_MINUTES + READ_AT_ONCE


@pytest.mark.parametrize(("count", "interval"), [(1, 1), (200, 1), (201, 2), (500, 3), (1000, 5)])
def test_more_calendars_than_requests_are_read_more_seldom(count, interval):
    """All alike, and no minute reads more than it may."""
    a_minute, each = count_reads(names(count), names(count))
    assert set(each.values()) == {60 // interval}
    assert len(each) == count
    assert max(a_minute) <= 200
    assert max(a_minute) - min(a_minute) <= 1


def test_calendars_by_day_and_by_night_have_their_own_intervals():
    """A calendar that two businesses name is read as often as the one that is open needs."""
    _, each = count_reads([*names(30), *names(5)], names(5))
    assert [each[name] for name in names(30)] == [60] * 5 + [4] * 25


def test_who_opens_changes_nothing_for_the_others():
    """When a calendar is due follows from its rank among all."""
    closed = set(names(400)[200:])
    for number in range(15):
        at = NOON + number * MINUTE
        early, late = (select_due(names(400), names(400)[:opened], at, per_minute=500) for opened in (50, 200))
        assert early & closed == late & closed


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe"])
def test_a_calendar_is_read_before_its_business_opens(make_profile, zone):
    """From an hour before on, also on the days on which the clock changes; and seldom at night."""
    profile = make_profile(zone=zone, weekend=("09:00-12:00",))
    for year, month, day in ((2026, 3, 29), (2026, 10, 25), (2026, 3, 8), (2026, 11, 1), (2026, 4, 5), (2026, 10, 4)):
        opens = datetime(year, month, day, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert not profile.is_open(opens - MINUTE)
        assert profile.is_open(opens)
        assert [is_near_hours(profile, opens - shift * MINUTE) for shift in (1, 60, 61)] == [True, True, False]
