"""Parsing busy times from Google's lists of events, malformed ones included."""

from datetime import UTC, datetime

import pytest

from shared.errors import TransientError
from workers.booking.adapters.google.busy import parse_busy_times
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime

NINE, TEN = "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z"
MORNING = Interval(datetime(2027, 3, 1, 9, tzinfo=UTC), datetime(2027, 3, 1, 10, tzinfo=UTC))
APPOINTMENT = "0123456789abcdef"


def event(start=NINE, end=TEN, **fields):
    return {"id": "theirs", "start": {"dateTime": start}, "end": {"dateTime": end}, **fields}


def ours(event_id, appointment_id):
    return event(id=event_id, extendedProperties={"private": {"appointment_id": appointment_id}})


def instance(appointment_id, series_id):
    return ours(f"{series_id}_20270301T090000Z", appointment_id) | {"recurringEventId": series_id}


def page(*items, **fields):
    return {"timeZone": "Europe/Warsaw", "items": list(items), **fields}


@pytest.mark.parametrize("start", [NINE, "2027-03-01T10:00:00+01:00", "2027-03-01T09:00:00.000Z"])
def test_busy_times_are_read_in_utc(start):
    """The offset in the answer does not matter."""
    assert parse_busy_times(page(event(start))) == [BusyTime(MORNING)]


@pytest.mark.parametrize("empty", [{"items": []}, {}, {"timeZone": "Europe/Warsaw"}])
def test_a_page_without_events_is_free(empty):
    """It is a valid answer without busy times."""
    assert parse_busy_times(empty) == []


@pytest.mark.parametrize(
    ("item", "series_of"),
    [
        (instance(APPOINTMENT, f"apt{APPOINTMENT}"), APPOINTMENT),
        (instance(APPOINTMENT, "theirs"), None),
        (instance("fedcba9876543210", f"apt{APPOINTMENT}"), None),
        (event(recurringEventId="theirs"), None),
    ],
)
def test_an_instance_of_our_event_is_recognised(item, series_of):
    """The owner has made the event of a visit recurring: it is not the visit's event, but may be at its time."""
    assert parse_busy_times(page(item)) == [BusyTime(MORNING, series_of=series_of)]


@pytest.mark.parametrize(
    ("item", "visit_id"),
    [
        (ours(f"apt{APPOINTMENT}", APPOINTMENT), APPOINTMENT),
        (ours("copy00000", APPOINTMENT), None),
        (ours(f"apt{APPOINTMENT}", "fedcba9876543210"), None),
        (ours(f"apt{APPOINTMENT}", 7), None),
        (ours(f"apt{APPOINTMENT}_20270301T090000Z", APPOINTMENT), None),
        (event(extendedProperties={"private": None}), None),
        (event(extendedProperties="apt"), None),
    ],
)
def test_an_event_is_ours_only_under_its_own_id(item, visit_id):
    """An event's properties can be copied, its id can't."""
    assert parse_busy_times(page(item)) == [BusyTime(MORNING, visit_id)]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "cancelled"},
        {"transparency": "transparent"},
        {"eventType": "workingLocation"},
        {"eventType": "birthday"},
        {"attendees": [{"responseStatus": "accepted"}, {"self": True, "responseStatus": "declined"}]},
    ],
)
def test_events_that_occupy_no_time_are_skipped(fields):
    """The other events count."""
    assert parse_busy_times(page(event(**fields), event())) == [BusyTime(MORNING)]


def test_a_deleted_event_needs_no_times():
    """Google may return little more than its id."""
    assert parse_busy_times(page({"id": "gone", "status": "cancelled"})) == []


@pytest.mark.parametrize(
    ("time_zone", "day", "hours"),
    [
        ("Europe/Warsaw", "2027-03-28", (datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC))),
        ("America/New_York", "2027-03-01", (datetime(2027, 3, 1, 5, tzinfo=UTC), datetime(2027, 3, 2, 5, tzinfo=UTC))),
        (None, "2027-03-01", (datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC))),
    ],
)
def test_an_all_day_event_uses_the_calendars_zone(time_zone, day, hours):
    """It lasts from midnight to midnight in the calendar's zone; with a clock change that is not 24 hours."""
    following = f"{day[:-2]}{int(day[-2:]) + 1:02}"
    found = parse_busy_times(
        {"timeZone": time_zone, "items": [{"id": "day", "start": {"date": day}, "end": {"date": following}}]}
    )
    assert found == [BusyTime(Interval(*hours))]


@pytest.mark.parametrize("end", [NINE, "2027-03-01T08:00:00Z"])
def test_an_event_without_duration_is_skipped(end):
    """It occupies no time; the other events count."""
    assert parse_busy_times(page(event(end=end), event())) == [BusyTime(MORNING)]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "busy",
        {"items": None},
        {"items": 7},
        page("morning"),
        page(None),
        page({"id": "x"}),
        page({"id": "x", "start": {}, "end": {}}),
        page(event(end=None)),
        page(event("soon")),
        page(event("2027-03-01T09:00:00")),
        page(event("0001-01-01T00:00:00+14:00")),
        page(event(attendees=7)),
        page(event(attendees=["owner@example.com"])),
        page({"id": "x", "start": {"date": "2027-02-30"}, "end": {"date": "2027-03-01"}}),
        page({"id": "x", "start": {"date": 7}, "end": {"date": 8}}),
        page({"id": "x", "start": {"date": "2027-02-01"}, "end": {"date": "2027-03-01"}}, timeZone="Mars/Olympus"),
        page({"id": "x", "start": {"date": "2027-02-01"}, "end": {"date": "2027-03-01"}}, timeZone="../../etc"),
        page({"id": "x", "start": {"date": "2027-02-01"}, "end": {"date": "2027-03-01"}}, timeZone=7),
    ],
)
def test_an_unreadable_answer_is_a_transient_error(broken):
    """It is neither a bug of ours nor free time; the message gives the type of the error, but not the answer."""
    with pytest.raises(TransientError, match="cannot be read"):
        parse_busy_times(broken)
