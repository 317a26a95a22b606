"""What is read from an event of ours, whatever became of it in the calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from workers.booking.adapters.google_event import event_body, matches_event, parse_event, version_of
from workers.booking.domain.event_id import event_id
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = CalendarEvent(
    event_id=event_id("0123456789"),
    appointment_id="0123456789",
    version=3,
    start=NINE,
    end=NINE + HOUR,
    time_zone="Europe/Warsaw",
    summary="Masaż",
    description="",
)


def as_written(**changes):
    """Return the event as Google gives it: without what is empty, in the calendar's offset."""
    body = event_body(EVENT, invites=False)
    body["start"] = {"dateTime": "2027-03-01T10:00:00+01:00"}
    del body["description"]
    return body | changes


def test_an_event_reminds_as_its_calendar_does():
    """When the owner is reminded is set once, for all events."""
    assert event_body(EVENT, invites=False)["reminders"] == {"useDefault": True}


def test_an_event_that_was_written_says_so():
    """Whatever offset the times come in, and though an empty text is left out."""
    assert matches_event(as_written(), EVENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"start": {"dateTime": "2027-03-01T08:30:00Z"}},
        {"end": {"dateTime": "2027-03-01T11:00:00Z"}},
        {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}},
        {"summary": "Something else"},
        {"description": "A note"},
        {"extendedProperties": {"private": {"appointment_id": "0123456789", "version": "2"}}},
        {"extendedProperties": {}},
    ],
)
def test_an_event_that_was_changed_does_not(changes):
    """Each part of what we write counts."""
    assert not matches_event(as_written(**changes), EVENT)


@pytest.mark.parametrize("text", [None, 3, "", "three", "-3", "3.0", "³", "9" * 5000])
def test_a_version_that_cannot_be_read_is_none(text):
    """It is older than every version that there is, so no write of ours respects it."""
    assert version_of({"extendedProperties": {"private": {"version": text}}}) == 0


@pytest.mark.parametrize(
    "edges",
    [
        {},
        {"start": None},
        {"start": {"dateTime": "soon"}},
        {"start": {"dateTime": "2027-03-01T09:00:00"}},
        {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}},
        {"start": {"dateTime": "2027-03-01T12:00:00Z"}},
    ],
)
def test_times_that_cannot_be_read_are_none(edges):
    """A whole day, nonsense, an end before the start."""
    item = {"id": EVENT.event_id, "end": {"dateTime": "2027-03-01T10:00:00Z"}} | edges
    assert parse_event(item) == StoredEvent(version=0, interval=None)


def test_a_deleted_event_may_be_an_id_alone():
    """That is all that Google promises to keep."""
    assert parse_event({"id": EVENT.event_id, "status": "cancelled"}) == StoredEvent(0, None, deleted=True)


def test_what_is_written_is_read_back():
    """The body itself is an event."""
    assert parse_event(event_body(EVENT, invites=False)) == StoredEvent(3, Interval(NINE, NINE + HOUR))
