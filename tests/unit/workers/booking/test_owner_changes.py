"""What happens to an appointment whose event the owner changed, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workers.booking.domain.owner_changes import (
    CancelledByOwner,
    ForbiddenMove,
    MovedByOwner,
    OutdatedEvent,
    RestoredAfterCancellation,
    RestoredByOwner,
    StoredEvent,
    Unchanged,
    decide_owner_change,
)
from workers.booking.domain.values import AppointmentState, Interval, LastChange

MONDAY_SEVEN = datetime(2026, 1, 12, 7, tzinfo=UTC)
START = datetime(2026, 1, 13, 9, tzinfo=UTC)
HALF_HOUR, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def visit(make_hold):
    """Return a confirmed consultation: half an hour from 9:00, with buffers of ten minutes before and twenty after."""
    return make_hold(state=AppointmentState.CONFIRMED, hold_expires_at=None, version=2)


def event(start=START, length=HALF_HOUR, **changes):
    return replace(StoredEvent(2, Interval(start, start + length)), **changes)


def decide(appointment, stored, now=MONDAY_SEVEN):
    return decide_owner_change(appointment, stored, now=now)


def test_an_unchanged_event_changes_nothing(visit):
    """Our own writes look the same."""
    assert decide(visit, event()) == Unchanged()


@pytest.mark.parametrize("version", [0, 1, 3, 999_999_999])
def test_an_event_of_another_version_is_not_written_yet(visit, version):
    """Its times do not count; one of an earlier version is to be written, in case nobody is about to."""
    expected = OutdatedEvent() if version == 1 else Unchanged()
    assert decide(visit, event(START + HOUR, version=version)) == expected


def test_a_missing_event_is_not_a_deleted_one(visit):
    """The business may have another calendar by now."""
    assert decide(visit, None) == Unchanged()


@pytest.mark.parametrize("interval", [None, Interval(START, START + HALF_HOUR)])
def test_a_deleted_event_of_an_older_version_cancels_nothing(visit, interval):
    """The visit has moved to another calendar and back since: its current event is not written yet."""
    assert decide(visit, StoredEvent(1, interval, deleted=True)) == Unchanged()


@pytest.mark.parametrize("version", [0, 2, 3])
@pytest.mark.parametrize("interval", [None, Interval(START, START + HALF_HOUR)])
def test_a_deleted_event_cancels(visit, version, interval):
    """However little of the event can still be read."""
    cancellation = decide(visit, StoredEvent(version, interval, deleted=True))
    assert cancellation == CancelledByOwner(replace(visit, state=AppointmentState.CANCELLED, version=3))


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
    """Later, longer, by minutes or by years: the owner may do that. The buffers stay the same."""
    moved = decide(visit, event(start, length))
    assert isinstance(moved, MovedByOwner)
    assert (moved.appointment.start, moved.appointment.end, moved.appointment.version) == (start, start + length, 3)
    buffers = (timedelta(minutes=10), timedelta(minutes=20))
    blocked = moved.appointment.blocked
    assert (start - blocked.start, blocked.end - moved.appointment.end) == buffers
    assert replace(moved.appointment, start=START, end=visit.end, blocked=visit.blocked, version=2) == visit


@pytest.mark.parametrize(
    "stored",
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
def test_an_impossible_visit_is_refused(visit, stored):
    """An all-day event, a past time, more than a day, a wrong year."""
    assert decide(visit, stored) == ForbiddenMove()


@pytest.mark.parametrize("stored", [event(START + HOUR), event(deleted=True), StoredEvent(2, None)])
@pytest.mark.parametrize("passed", [timedelta(0), HOUR, 30 * DAY])
def test_a_visit_that_has_begun_does_not_change(visit, stored, passed):
    """Deleting old events in the calendar cancels nothing."""
    assert decide(visit, stored, START + passed) == Unchanged()


@pytest.mark.parametrize("state", [AppointmentState.HELD, AppointmentState.CANCELLED])
@pytest.mark.parametrize("stored", [event(START + HOUR), event(deleted=True)])
def test_the_event_of_an_unconfirmed_appointment_changes_nothing(make_hold, state, stored):
    """That holds for a hold, a cancelled and an unknown appointment."""
    assert decide(make_hold(state=state, version=3), stored) == Unchanged()
    assert decide(None, stored) == Unchanged()


@pytest.mark.parametrize(
    ("by_owner", "version", "expected"),
    [
        (True, 1, Unchanged),
        (True, 2, RestoredByOwner),
        (True, 3, RestoredByOwner),
        (False, 2, Unchanged),
        (False, 3, RestoredAfterCancellation),
    ],
)
def test_the_event_of_a_cancelled_visit_is_there(make_hold, by_owner, version, expected):
    """Restored, if it is the last one that the owner deleted or we removed; else it is still to be removed."""
    cancelled = make_hold(state=AppointmentState.CANCELLED, version=3, last_change=LastChange("c", by_owner=by_owner))
    assert isinstance(decide(cancelled, event(version=version)), expected)
    assert decide(cancelled, event(version=version, deleted=True)) == Unchanged()
