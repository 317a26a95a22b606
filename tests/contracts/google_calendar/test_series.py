"""Recurring events of the stand-in: their instances, and what the owner does to one of them or to all."""

import pytest

from tests.contracts.google_calendar.client import CALENDAR, busy, expect_refusal, visit, with_etag

WEEKLY = ["RRULE:FREQ=WEEKLY;COUNT=4"]
FIRST, SECOND, THIRD = (f"abc123_202703{day:02}T090000Z" for day in (1, 8, 15))
MARCH = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-04-01T00:00:00Z"}


def at(day, hour, zone="Europe/Warsaw"):
    """Return the boundaries of an hour in March, by the time of Warsaw."""
    edges = (("start", hour), ("end", hour + 1))
    return {name: {"dateTime": f"2027-03-{day:02}T{edge:02}:00:00+01:00", "timeZone": zone} for name, edge in edges}


@pytest.fixture
def events(api):
    return api.events()


@pytest.fixture
def series(events):
    """Return an event that the owner repeats weekly, for the control routes and the API alike."""
    body = visit(id="abc123", extendedProperties={"private": {"version": "2"}}, **at(1, 10))
    events.insert(calendarId=CALENDAR, body=body).execute()
    return events.patch(calendarId=CALENDAR, eventId="abc123", body={"recurrence": WEEKLY}).execute()


def change(server, event_id, **fields):
    return server.control("PATCH", f"events?calendar={CALENDAR}&id={event_id}", fields)


def starts(events, **filters):
    listed = events.list(calendarId=CALENDAR, singleEvents=True, orderBy="startTime", **MARCH, **filters).execute()
    return [(item["id"], item["start"]["dateTime"], item["status"]) for item in listed["items"]]


def test_a_series_is_listed_as_such_or_by_its_instances(events, series):
    """Instances have ids of their own, their place in the series, its properties, and the local time of its zone."""
    [listed] = events.list(calendarId=CALENDAR).execute()["items"]
    assert (listed["id"], listed["recurrence"]) == ("abc123", WEEKLY)
    assert starts(events)[0] == (FIRST, "2027-03-01T10:00:00+01:00", "confirmed")
    read = events.instances(calendarId=CALENDAR, eventId="abc123", maxResults=3).execute()
    assert [item["id"] for item in read["items"]] == [FIRST, SECOND, THIRD]
    rest = events.instances(calendarId=CALENDAR, eventId="abc123", pageToken=read["nextPageToken"]).execute()
    assert [item["start"]["dateTime"] for item in rest["items"]] == ["2027-03-22T10:00:00+01:00"]
    second = events.get(calendarId=CALENDAR, eventId=SECOND).execute()
    assert second == read["items"][1]
    assert (second["recurringEventId"], second["iCalUID"]) == ("abc123", "abc123@google.com")
    assert second["originalStartTime"] == second["start"] == at(8, 10)["start"]
    assert (second["extendedProperties"], "recurrence" in second) == ({"private": {"version": "2"}}, False)
    assert expect_refusal(events.get(calendarId=CALENDAR, eventId="abc123_20270302T090000Z")) == (404, "notFound")


@pytest.mark.parametrize("who", ["owner", "api"])
def test_one_instance_is_changed(server, events, series, who):
    """It keeps its id and its place; the series and its other instances stay as they are."""
    token = events.list(calendarId=CALENDAR).execute()["nextSyncToken"]
    if who == "owner":
        change(server, FIRST, **at(2, 12))
    else:
        etag = events.get(calendarId=CALENDAR, eventId=FIRST).execute()["etag"]
        request = events.patch(calendarId=CALENDAR, eventId=FIRST, body=at(2, 12))
        with_etag(request, etag).execute()
        assert expect_refusal(with_etag(request, etag)) == (412, "conditionNotMet")
    assert starts(events)[:2] == [
        (FIRST, "2027-03-02T12:00:00+01:00", "confirmed"),
        (SECOND, "2027-03-08T10:00:00+01:00", "confirmed"),
    ]
    [changed] = events.list(calendarId=CALENDAR, syncToken=token).execute()["items"]
    assert (changed["id"], changed["originalStartTime"]) == (FIRST, at(1, 10)["start"])
    assert events.get(calendarId=CALENDAR, eventId="abc123").execute() == series
    found = events.instances(calendarId=CALENDAR, eventId="abc123", originalStart="2027-03-01T10:00:00+01:00")
    assert found.execute()["items"] == [changed]


@pytest.mark.parametrize("how", ["owner", "delete", "status"])
def test_one_instance_is_cancelled_and_restored(server, api, events, series, how):
    """Little more than its place is shown of it meanwhile, and lists name it, so that nobody expands it."""
    match how:
        case "owner":
            server.control("DELETE", f"events?calendar={CALENDAR}&id={FIRST}")
        case "delete":
            events.delete(calendarId=CALENDAR, eventId=FIRST).execute()
        case _:
            events.patch(calendarId=CALENDAR, eventId=FIRST, body={"status": "cancelled"}).execute()
    cancelled = events.get(calendarId=CALENDAR, eventId=FIRST).execute()
    displayed = {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert (set(cancelled), cancelled["status"]) == (displayed, "cancelled")
    assert events.list(calendarId=CALENDAR).execute()["items"][1:] == [cancelled]
    assert next(event_id for event_id, *_ in starts(events)) == SECOND
    assert busy(api)["busy"] == []
    named = {"calendarId": CALENDAR, "eventId": "abc123", "originalStart": "2027-03-01T09:00:00Z"}
    assert events.instances(**named).execute()["items"] == []
    assert events.instances(**named, showDeleted=True).execute()["items"] == [cancelled]
    change(server, FIRST, status="confirmed")
    assert starts(events)[0] == (FIRST, "2027-03-01T10:00:00+01:00", "confirmed")


def test_a_series_is_moved(server, events, series):
    """Its instances move with it; one that was changed has lost its place, and is listed as deleted."""
    change(server, SECOND, **at(9, 12))
    token = events.list(calendarId=CALENDAR).execute()["nextSyncToken"]
    change(server, "abc123", **at(1, 11))
    assert [start[:16] for _, start, _ in starts(events)][:2] == ["2027-03-01T11:00", "2027-03-08T11:00"]
    changed = events.list(calendarId=CALENDAR, syncToken=token).execute()["items"]
    assert [(item["id"], item["status"]) for item in changed] == [("abc123", "confirmed"), (SECOND, "cancelled")]
    assert expect_refusal(events.get(calendarId=CALENDAR, eventId=FIRST)) == (404, "notFound")


def test_a_series_is_cut_off_and_ends_as_a_single_event(server, events, series):
    """With UNTIL it ends earlier, perhaps before its first instance; without its rule it is an event as before."""
    for until, count in [("20270310T000000Z", 2), ("20270228T000000Z", 0)]:
        change(server, "abc123", recurrence=[f"RRULE:FREQ=WEEKLY;UNTIL={until}"])
        assert len(starts(events)) == count
    change(server, "abc123", recurrence=[])
    assert starts(events) == [("abc123", "2027-03-01T10:00:00+01:00", "confirmed")]


def test_a_series_is_deleted_and_restored(server, events, series):
    """So are its instances, the changed ones included."""
    change(server, FIRST, **at(2, 12))
    before = starts(events)
    token = events.list(calendarId=CALENDAR).execute()["nextSyncToken"]
    server.control("DELETE", f"events?calendar={CALENDAR}&id=abc123")
    assert starts(events) == []
    changed = events.list(calendarId=CALENDAR, syncToken=token).execute()["items"]
    assert [(item["id"], item["status"]) for item in changed] == [("abc123", "cancelled"), (FIRST, "cancelled")]
    assert events.list(calendarId=CALENDAR).execute()["items"] == []
    patch = events.patch(calendarId=CALENDAR, eventId=FIRST, body={"status": "confirmed"})
    assert expect_refusal(patch) == (404, "notFound")
    change(server, "abc123", status="confirmed")
    assert starts(events) == before


def test_an_all_day_series(server, events):
    """Its instances are named by their dates, also over the night in which the clocks change."""
    days = {"start": {"date": "2027-03-27"}, "end": {"date": "2027-03-28"}, "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}
    events.insert(calendarId=CALENDAR, body=days | {"id": "abc123"}).execute()
    items = events.instances(calendarId=CALENDAR, eventId="abc123").execute()["items"]
    assert [item["id"] for item in items] == [f"abc123_202703{day}" for day in (27, 28, 29)]
    assert [item["start"]["date"] for item in items] == [f"2027-03-{day}" for day in (27, 28, 29)]
    named = events.instances(calendarId=CALENDAR, eventId="abc123", originalStart="2027-03-28").execute()
    assert named["items"] == items[1:2]


def test_an_instance_is_no_series(events, series):
    """It takes no rule of its own."""
    patch = events.patch(calendarId=CALENDAR, eventId=FIRST, body={"recurrence": WEEKLY})
    assert expect_refusal(patch) == (400, "invalid")


def test_the_owners_guests_survive_patches_by_others(server, events, series):
    """Of one instance too; a service account that acts for nobody may leave them as they are."""
    guests = [{"email": "guest@example.com", "displayName": "G"}]
    change(server, "abc123", attendees=guests)
    change(server, FIRST, attendees=[*guests, {"email": "second@example.com"}])
    for event_id, count in ((FIRST, 2), (SECOND, 1)):
        patched = events.patch(calendarId=CALENDAR, eventId=event_id, body=at(3, 12)).execute()
        assert len(patched["attendees"]) == count
