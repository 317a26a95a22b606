"""Parsing one of our events, whatever has happened to it in the calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workers.booking.adapters.google.event import build_event_body, matches_event, parse_event, parse_version
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = CalendarEvent(
    event_id=build_event_id("0123456789"),
    appointment_id="0123456789",
    version=3,
    start=NINE,
    end=NINE + HOUR,
    time_zone="Europe/Warsaw",
    summary="Masaż",
    description="",
)


def as_written(**changes):
    """Return the event as Google returns it: without empty fields, in the calendar's zone."""
    body = build_event_body(EVENT, invites=False)
    body["start"] = {"dateTime": "2027-03-01T10:00:00+01:00"}
    del body["description"]
    return body | changes


def test_an_event_uses_the_calendars_reminders():
    """The owner sets reminders once for all events."""
    assert build_event_body(EVENT, invites=False)["reminders"] == {"useDefault": True}


def test_an_unchanged_event_matches():
    """The offset of its times does not matter, nor does a missing field that is empty."""
    assert matches_event(as_written(), EVENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"start": {"dateTime": "2027-03-01T08:30:00Z"}},
        {"end": {"dateTime": "2027-03-01T11:00:00Z"}},
        {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}},
        {"extendedProperties": {"private": {"appointment_id": "0123456789", "version": "2"}}},
        {"extendedProperties": {}},
    ],
)
def test_a_changed_event_does_not_match(changes):
    """Every field that we write counts."""
    assert not matches_event(as_written(**changes), EVENT)


@pytest.mark.parametrize("changes", [{"summary": "Something else"}, {"description": "A note"}, {"summary": " Masaż\n"}])
def test_a_text_counts_while_it_is_ours(changes):
    """The owner's text matches whatever we would write; Google may remove blanks from ours."""
    assert matches_event(as_written(**changes), EVENT)
    assert not matches_event(as_written(), replace(EVENT, summary="Renamed"))
    assert not matches_event(as_written(), replace(EVENT, description="New"))


@pytest.mark.parametrize("text", [None, 3, "", "three", "-3", "3.0", "³", "9" * 5000])
def test_an_unreadable_version_is_zero(text):
    """It is older than every version, so any write of ours replaces it."""
    assert parse_version({"extendedProperties": {"private": {"version": text}}}) == 0


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
def test_unreadable_times_are_none(edges):
    """An all-day event, invalid texts, an end before the start."""
    item = {"id": EVENT.event_id, "end": {"dateTime": "2027-03-01T10:00:00Z"}} | edges
    assert parse_event(item) == StoredEvent(version=0, interval=None)


def test_a_deleted_event_may_be_an_id_alone():
    """Google promises to keep only the id."""
    assert parse_event({"id": EVENT.event_id, "status": "cancelled"}) == StoredEvent(0, None, deleted=True)


def test_what_is_written_is_read_back():
    """The request's body is itself a valid event."""
    assert parse_event(build_event_body(EVENT, invites=False)) == StoredEvent(3, Interval(NINE, NINE + HOUR))
