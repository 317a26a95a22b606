"""When reminders are sent, and when no more."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock_changes import moments
from tests.unit.workers.booking.conftest import build_profile
from workers.booking.domain.reminders import is_worth_reminding, list_reminder_times
from workers.booking.domain.values import AppointmentState

START = datetime(2026, 1, 13, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def planned_for(start, profile):
    """Return the reminders of a visit that was booked four days before."""
    return list_reminder_times(start, profile, booked_at=start - 96 * HOUR, now=start - 96 * HOUR)


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
def test_reminders_are_sent_a_day_and_two_hours_before(make_profile, left, hours):
    """Reminders in the past or within an hour of booking are left out."""
    planned = list_reminder_times(START, make_profile(), booked_at=START - left, now=START - left)
    assert list(planned) == [(one, START - one * HOUR) for one in hours]


def test_a_profile_has_its_own_times_of_reminders(make_profile):
    """In any order, or none at all; quiet hours may bring two of them to the same time."""
    start = datetime(2026, 1, 13, 8, tzinfo=UTC)
    for hours, expected in [
        ([72], [(72, "10T09:00")]),
        ([1, 48], [(48, "11T09:00"), (1, "13T08:00")]),
        ([12, 10], [(12, "13T08:00"), (10, "13T08:00")]),
        ([], []),
    ]:
        profile = make_profile(quiet_hours="21:00-08:00", reminder_hours_before=hours)
        planned = planned_for(start, profile)
        assert [(one, f"{at.astimezone(profile.zone):%dT%H:%M}") for one, at in planned] == expected


def test_reminders_at_the_same_time_are_sent_once(make_hold):
    """The one for the fewest hours before the visit."""
    visit = make_hold(state=AppointmentState.CONFIRMED, hold_expires_at=None, start=START)
    profile = build_profile(quiet_hours="20:00-09:30", reminder_hours_before=[12, 3, 2])
    now = datetime(2026, 1, 12, 18, 45, tzinfo=UTC)
    useful = [is_worth_reminding(visit, start=START, hours_before=one, now=now, profile=profile) for one in (12, 3, 2)]
    assert useful == [False, False, True]


def test_a_reminder_outlives_the_times_of_the_profile(visit):
    """It was planned for the times of before; an owner who wants no reminders at all gets none."""
    for hours, expected in (([72], True), ([], False)):
        profile = build_profile(reminder_hours_before=hours)
        now = START - 24 * HOUR
        assert is_worth_reminding(visit, start=START, hours_before=24, now=now, profile=profile) is expected


@pytest.mark.parametrize(
    ("left", "times"),
    [
        (25 * HOUR, [24 * HOUR, 2 * HOUR]),
        # Half an hour ahead; the limit of an hour counts from the booking, which was days ago.
        (24 * HOUR + 30 * MINUTE, [24 * HOUR, 2 * HOUR]),
        # Its time has passed: it is sent at once.
        (20 * HOUR, [20 * HOUR - MINUTE, 2 * HOUR]),
        # Superseded by the next one.
        (2 * HOUR, [2 * HOUR - MINUTE]),
        (HOUR, [HOUR - MINUTE]),
        (0 * HOUR, []),
        (-HOUR, []),
    ],
)
def test_late_planning_sends_missed_reminders(make_profile, left, times):
    """The visit was booked three days before, and its reminders could not be planned then."""
    planned = list_reminder_times(START, make_profile(), booked_at=START - 72 * HOUR, now=START - left)
    assert [START - at for _, at in planned] == times


def test_late_planning_adds_no_reminder_that_booking_left_out(make_profile):
    """A reminder that was left out at booking is not sent because planning was delayed."""
    planned = list_reminder_times(START, make_profile(), booked_at=START - 24 * HOUR, now=START - 23 * HOUR)
    assert list(planned) == [(2, START - 2 * HOUR)]


@pytest.mark.parametrize(
    ("visit", "day_before", "hours_before"),
    [
        # Winter in Warsaw: a visit at 10:00, whose reminders are outside the quiet hours.
        ("2026-01-13T10:00", "2026-01-12T10:00", "2026-01-13T08:00"),
        # At 09:00: the end of the quiet hours leaves an hour.
        ("2026-01-13T09:00", "2026-01-12T09:00", "2026-01-13T08:00"),
        # At 08:55 it leaves too little time: the evening before.
        ("2026-01-13T08:55", "2026-01-12T08:55", "2026-01-12T20:45"),
        ("2026-01-13T07:00", "2026-01-12T08:00", "2026-01-12T20:45"),
        # At night.
        ("2026-01-13T23:30", "2026-01-13T08:00", "2026-01-13T20:45"),
        ("2026-01-13T03:00", "2026-01-12T08:00", "2026-01-12T20:45"),
        # The night of a clock change.
        ("2026-03-29T09:00", "2026-03-28T08:00", "2026-03-29T08:00"),
        ("2026-10-25T08:30", "2026-10-24T09:30", "2026-10-24T20:45"),
    ],
)
def test_quiet_hours_postpone_or_advance_a_reminder(make_profile, visit, day_before, hours_before):
    """To their end if that leaves an hour to get ready; otherwise to a quarter of an hour before they begin."""
    profile = make_profile(quiet_hours="21:00-08:00")
    start = datetime.fromisoformat(visit).replace(tzinfo=profile.zone).astimezone(UTC)

    planned = [at.astimezone(profile.zone) for _, at in planned_for(start, profile)]
    assert [f"{at:%Y-%m-%dT%H:%M}" for at in planned] == [day_before, hours_before]


@given(begins=st.integers(0, 287), length=st.integers(1, 14 * 12), moment=moments())
def test_no_reminder_is_sent_in_quiet_hours(begins, length, moment):
    """For ten years and six zones; each reminder is before the visit, the long one before the short one."""
    name, start = moment
    ends = (begins + length) % 288
    text = f"{begins // 12:02}:{begins % 12 * 5:02}-{ends // 12:02}:{ends % 12 * 5:02}"
    profile = build_profile(zone=name, quiet_hours=text)

    (_, long), (_, short) = planned_for(start, profile)
    assert long < short < start
    for at in (long, short):
        assert profile.quiet_hours.find_quiet_period(at, profile.zone) is None


@pytest.fixture
def visit(make_hold):
    return make_hold(state=AppointmentState.CONFIRMED, hold_expires_at=None, start=START)


def worth(appointment, hours=2, start=START, left=2 * HOUR, quiet_hours=None):
    profile = build_profile(quiet_hours=quiet_hours)
    return is_worth_reminding(appointment, start=start, hours_before=hours, now=START - left, profile=profile)


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
def test_a_late_reminder_is_sent_until_the_next_one_is_due(visit, hours, left, expected):
    """The last one until the visit begins: after an outage nobody gets two reminders at once."""
    assert worth(visit, hours, left=left) is expected


def test_a_late_long_reminder_is_superseded_by_an_advanced_short_one(make_hold):
    """For a visit at 08:30 the short one is sent at 20:45 the evening before."""
    start = datetime(2026, 1, 13, 7, 30, tzinfo=UTC)
    visit = make_hold(state=AppointmentState.CONFIRMED, hold_expires_at=None, start=start)
    for minutes, expected in ((1, True), (0, False)):
        profile = build_profile(quiet_hours="21:00-08:00")
        now = datetime(2026, 1, 12, 19, 45, tzinfo=UTC) - minutes * MINUTE
        assert is_worth_reminding(visit, start=start, hours_before=24, now=now, profile=profile) is expected


def test_only_a_confirmed_visit_is_reminded_of(visit, make_hold):
    """Not a hold, not a cancelled appointment, not an unknown one."""
    assert worth(visit)
    assert not worth(make_hold(state=AppointmentState.CANCELLED, start=START))
    assert not worth(make_hold(start=START))
    assert not worth(None)


def test_a_moved_visit_has_its_own_reminders(visit):
    """The reminder of its earlier time is obsolete."""
    assert not worth(visit, start=START + HOUR)
