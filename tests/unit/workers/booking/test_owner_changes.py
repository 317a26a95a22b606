"""What becomes of an appointment whose event the owner changed, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workers.booking.domain.owner_changes import (
    CancelledByOwner,
    ForbiddenMove,
    MovedByOwner,
    StoredEvent,
    Unchanged,
    decide_owner_change,
)
from workers.booking.domain.values import AppointmentState, Interval

MONDAY_SEVEN = datetime(2026, 1, 12, 7, tzinfo=UTC)
START = datetime(2026, 1, 13, 9, tzinfo=UTC)
HALF_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def visit(make_hold):
    """Return a confirmed consultation: half an hour from 9:00 on, ten minutes before and twenty after it."""
    return make_hold(state=AppointmentState.CONFIRMED, hold_expires_at=None, version=2)


def event(start=START, length=HALF_HOUR, **changes):
    return replace(StoredEvent(2, Interval(start, start + length)), **changes)


def decided(appointment, entered, now=MONDAY_SEVEN):
    return decide_owner_change(appointment, entered, now=now)


def test_an_event_as_it_was_entered_changes_nothing(visit):
    """That is what our own writes look like, too."""
    assert decided(visit, event()) == Unchanged()


@pytest.mark.parametrize("version", [0, 1, 3, 999_999_999])
def test_an_event_of_another_version_is_still_to_be_written(visit, version):
    """By the command that made the version; what the event says until then is not believed."""
    assert decided(visit, event(START + HOUR, version=version)) == Unchanged()


def test_an_event_that_never_was_is_not_deleted(visit):
    """The business may have another calendar by now."""
    assert decided(visit, None) == Unchanged()


@pytest.mark.parametrize("interval", [None, Interval(START, START + HALF_HOUR)])
def test_an_older_entry_that_was_deleted_is_no_wish(visit, interval):
    """The visit has moved on since, to another calendar and back: its present entry is on its way."""
    assert decided(visit, StoredEvent(1, interval, deleted=True)) == Unchanged()


@pytest.mark.parametrize("version", [0, 2, 3])
@pytest.mark.parametrize("interval", [None, Interval(START, START + HALF_HOUR)])
def test_a_deleted_event_cancels(visit, version, interval):
    """Whatever is left of it to read."""
    gone = decided(visit, StoredEvent(version, interval, deleted=True))
    assert gone == CancelledByOwner(replace(visit, state=AppointmentState.CANCELLED, version=3))


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (START + HOUR, HALF_HOUR),
        (START, HOUR),
        (START + 5 * timedelta(minutes=1), HALF_HOUR),
        (START - DAY + HOUR, HALF_HOUR),
        (START + 700 * DAY, DAY),
    ],
)
def test_an_event_with_other_times_moves_the_visit(visit, start, length):
    """Later, longer, by minutes, by years: the owner's hours are the owner's. The buffers go along."""
    moved = decided(visit, event(start, length))
    assert isinstance(moved, MovedByOwner)
    assert (moved.appointment.start, moved.appointment.end, moved.appointment.version) == (start, start + length, 3)
    buffers = (timedelta(minutes=10), timedelta(minutes=20))
    blocked = moved.appointment.blocked
    assert (start - blocked.start, blocked.end - moved.appointment.end) == buffers
    assert replace(moved.appointment, start=START, end=visit.end, blocked=visit.blocked, version=2) == visit


@pytest.mark.parametrize(
    "entered",
    [
        StoredEvent(2, None),
        event(MONDAY_SEVEN),
        event(MONDAY_SEVEN - DAY),
        event(START, DAY + timedelta(minutes=1)),
        event(START, 300 * DAY),
        event(START + 800 * DAY),
        event(datetime(9999, 12, 31, 23, tzinfo=UTC)),
        event(datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_no_visit_can_be_is_refused(visit, entered):
    """A whole day, the past, longer than a day, a slip of the hand in the year."""
    assert decided(visit, entered) == ForbiddenMove()


@pytest.mark.parametrize("entered", [event(START + HOUR), event(deleted=True), StoredEvent(2, None)])
@pytest.mark.parametrize("passed", [timedelta(0), HOUR, 30 * DAY])
def test_a_visit_that_has_begun_is_left_alone(visit, entered, passed):
    """Tidying up in the calendar afterwards cancels nothing."""
    assert decided(visit, entered, START + passed) == Unchanged()


@pytest.mark.parametrize("state", [AppointmentState.HELD, AppointmentState.CANCELLED])
@pytest.mark.parametrize("entered", [event(START + HOUR), event(deleted=True)])
def test_a_visit_that_does_not_stand_has_no_event(make_hold, state, entered):
    """Nothing that happens to one means anything; neither for a visit that nobody knows."""
    assert decided(make_hold(state=state, version=2), entered) == Unchanged()
    assert decided(None, entered) == Unchanged()
