"""When visitors are reminded, and when no more."""

from datetime import UTC, datetime, timedelta

import pytest

from workers.booking.domain.reminders import is_worth_reminding, reminder_times
from workers.booking.domain.values import AppointmentState

START = datetime(2026, 1, 13, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("left", "hours"),
    [
        (48 * HOUR, [24, 2]),
        (25 * HOUR, [24, 2]),
        (25 * HOUR - MINUTE, [2]),
        (24 * HOUR, [2]),
        (3 * HOUR, [2]),
        (3 * HOUR - MINUTE, []),
        (HOUR, []),
        (-HOUR, []),
    ],
)
def test_a_reminder_comes_a_day_and_two_hours_before(left, hours):
    """Those that would be past, or less than an hour away, are left out."""
    assert list(reminder_times(START, START - left)) == [(one, START - one * HOUR) for one in hours]


@pytest.fixture
def visit(make_hold):
    return make_hold(state=AppointmentState.CONFIRMED, hold_expires_at=None, start=START)


def worth(appointment, hours=2, start=START, left=2 * HOUR):
    return is_worth_reminding(appointment, start=start, hours_before=hours, now=START - left)


@pytest.mark.parametrize(
    ("hours", "left", "expected"),
    [
        (24, 24 * HOUR, True),
        (24, 3 * HOUR, True),
        (24, 2 * HOUR, False),
        (2, 2 * HOUR, True),
        (2, MINUTE, True),
        (2, timedelta(0), False),
        (2, -HOUR, False),
        (24, -HOUR, False),
    ],
)
def test_a_reminder_that_comes_late_is_worth_it_until_the_next(visit, hours, left, expected):
    """The last one until the visit begins: nobody is reminded twice in a minute after a halt."""
    assert worth(visit, hours, left=left) is expected


def test_only_a_visit_that_stands_is_worth_it(visit, make_hold):
    """Not a hold, not a cancelled one, not one that nobody knows."""
    assert worth(visit)
    assert not worth(make_hold(state=AppointmentState.CANCELLED, start=START))
    assert not worth(make_hold(start=START))
    assert not worth(None)


def test_a_visit_that_moved_has_reminders_of_its_own(visit):
    """The one planned for its earlier time is not wanted."""
    assert not worth(visit, start=START + HOUR)
