"""Events, busy times, lists and calendars of the stand-in, as Google's client library sees them."""

from contextlib import closing

from tests.contracts.google_calendar.client import CALENDAR, DAY, busy, expect_refusal, visit, with_etag


def test_an_inserted_event_is_complete_and_can_be_read_back(api):
    """An event keeps the client's id and has all fields that Google adds."""
    properties = {"private": {"appointment": "a1"}}
    body = visit(id="abc123", extendedProperties=properties, description="d", location="l")
    created = api.events().insert(calendarId=CALENDAR, body=body).execute()
    assert created["id"] == "abc123"
    assert created["iCalUID"] == "abc123@google.com"
    assert (created["status"], created["sequence"], created["kind"]) == ("confirmed", 0, "calendar#event")
    assert created["start"] == {"dateTime": "2027-03-01T10:00:00+01:00", "timeZone": "Europe/Warsaw"}
    assert created["extendedProperties"] == properties
    assert {"etag", "htmlLink", "created", "updated", "creator", "organizer", "reminders"} <= set(created)
    assert api.events().get(calendarId=CALENDAR, eventId="abc123").execute() == created


def test_an_event_without_an_id_gets_one(api):
    """The stand-in generates an id if the client sends none, also for an all-day event."""
    day = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    created = api.events().insert(calendarId=CALENDAR, body=day).execute()
    assert api.events().get(calendarId=CALENDAR, eventId=created["id"]).execute()["start"] == day["start"]
    assert busy(api, timeZone="Europe/Warsaw")["busy"] == [
        {"start": "2027-03-01T01:00:00+01:00", "end": "2027-03-02T00:00:00+01:00"},
    ]


def test_an_id_can_never_be_used_again(api):
    """A second insert with the same id is answered with 409, also after the event was deleted."""
    events = api.events()
    events.insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()
    assert expect_refusal(events.insert(calendarId=CALENDAR, body=visit(id="abc123"))) == (409, "duplicate")
    assert events.delete(calendarId=CALENDAR, eventId="abc123").execute() == ""
    assert expect_refusal(events.insert(calendarId=CALENDAR, body=visit(id="abc123"))) == (409, "duplicate")
    assert events.get(calendarId=CALENDAR, eventId="abc123").execute()["status"] == "cancelled"
    assert expect_refusal(events.delete(calendarId=CALENDAR, eventId="abc123")) == (410, "deleted")


def test_a_wrong_event_is_refused(api):
    """A bad id, a missing end, an empty range, attendees and unknown ids are refused, each with its reason."""
    events = api.events()
    assert expect_refusal(events.insert(calendarId=CALENDAR, body=visit(id="UPPER"))) == (400, "invalid")
    assert expect_refusal(events.insert(calendarId=CALENDAR, body=visit(end=None))) == (400, "required")
    negative_duration = visit(end={"dateTime": "2027-03-01T08:00:00Z"})
    assert expect_refusal(events.insert(calendarId=CALENDAR, body=negative_duration)) == (400, "timeRangeEmpty")
    guests = visit(attendees=[{"email": "guest@example.com"}])
    forbidden = (403, "forbiddenForServiceAccounts")
    assert expect_refusal(events.insert(calendarId=CALENDAR, body=guests)) == forbidden
    assert expect_refusal(events.get(calendarId=CALENDAR, eventId="abc123")) == (404, "notFound")
    assert expect_refusal(events.insert(calendarId="nobody@example.com", body=visit())) == (404, "notFound")


def test_a_delegate_may_invite_guests(server):
    """With a subject the same account may invite attendees on behalf of that user."""
    with closing(server.service(subject="owner@example.com")) as api:
        guests = visit(attendees=[{"email": "guest@example.com", "displayName": "G"}])
        created = api.events().insert(calendarId=CALENDAR, body=guests, sendUpdates="none").execute()
    assert created["creator"] == {"email": "owner@example.com"}
    assert created["attendees"][0]["responseStatus"] == "needsAction"


def test_a_conditional_write_needs_the_current_etag(api):
    """Patch, update and delete with an old etag are answered with 412; with the current one they change it."""
    events = api.events()
    where = {"calendarId": CALENDAR, "eventId": "abc123"}
    first = events.insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()["etag"]
    updated = with_etag(events.patch(**where, body=visit(11)), first).execute()
    assert (updated["sequence"], updated["etag"] != first) == (1, True)
    refusal = (412, "conditionNotMet")
    assert expect_refusal(with_etag(events.patch(**where, body={"summary": "late"}), first)) == refusal
    assert expect_refusal(with_etag(events.update(**where, body=visit()), first)) == refusal
    assert expect_refusal(with_etag(events.delete(**where), first)) == refusal
    replaced = with_etag(events.update(**where, body=visit(12, summary="new")), updated["etag"]).execute()
    assert (replaced["summary"], replaced["sequence"]) == ("new", 2)
    with_etag(events.delete(**where), replaced["etag"]).execute()


def test_busy_times_are_those_of_blocking_events(server, api):
    """Adjacent events are one busy time; transparent and deleted ones do not count; an unknown calendar is an error."""
    for body in (visit(9), visit(10), visit(14, transparency="transparent"), visit(16, id="gone1")):
        api.events().insert(calendarId=CALENDAR, body=body).execute()
    api.events().delete(calendarId=CALENDAR, eventId="gone1").execute()
    assert busy(api) == {"busy": [{"start": "2027-03-01T09:00:00Z", "end": "2027-03-01T11:00:00Z"}]}
    assert busy(api, "nobody@example.com") == {
        "errors": [{"domain": "global", "reason": "notFound"}],
        "busy": [],
    }
    owners = {"calendar": CALENDAR, "start": "2027-03-01T20:00:00", "end": "2027-03-01T21:00:00"}
    server.control("POST", "events", owners | {"summary": "By hand"})
    assert busy(api)["busy"][-1] == {"start": "2027-03-01T19:00:00Z", "end": "2027-03-01T20:00:00Z"}
    too_long = api.freebusy().query(body=DAY | {"timeMax": "2028-03-01T00:00:00Z"})
    assert expect_refusal(too_long) == (400, "timeRangeTooLong")


def test_the_last_page_has_a_sync_token(server, api):
    """The client library's paging returns every event; the following sync returns only the changes."""
    events = api.events()
    for number in range(5):
        events.insert(calendarId=CALENDAR, body=visit(number, id=f"event{number}")).execute()
    request, listed_ids = events.list(calendarId=CALENDAR, maxResults=2), []
    while request is not None:
        page = request.execute()
        listed_ids += [item["id"] for item in page["items"]]
        request = events.list_next(request, page)
    assert listed_ids == [f"event{number}" for number in range(5)]
    events.delete(calendarId=CALENDAR, eventId="event3").execute()
    changed = events.list(calendarId=CALENDAR, syncToken=page["nextSyncToken"]).execute()
    assert [(item["id"], item["status"]) for item in changed["items"]] == [("event3", "cancelled")]
    server.control("POST", "sync-tokens/expire")
    stale = events.list(calendarId=CALENDAR, syncToken=changed["nextSyncToken"])
    assert expect_refusal(stale) == (410, "fullSyncRequired")


def test_a_list_takes_the_filters_of_the_api(api):
    """Time bounds, properties, order, zone and deleted events work as query parameters."""
    events = api.events()
    properties = {"private": {"appointment": "a1"}}
    events.insert(calendarId=CALENDAR, body=visit(14)).execute()
    events.insert(calendarId=CALENDAR, body=visit(9, id="abc123", extendedProperties=properties)).execute()

    def ids(**filters):
        return [item["id"] for item in events.list(calendarId=CALENDAR, **filters).execute()["items"]]

    assert ids(privateExtendedProperty=["appointment=a1"]) == ["abc123"]
    assert ids(timeMax="2027-03-01T12:00:00Z", timeMin="2027-03-01T00:00:00Z") == ["abc123"]
    assert ids(singleEvents=True, orderBy="startTime", timeZone="UTC")[0] == "abc123"
    events.delete(calendarId=CALENDAR, eventId="abc123").execute()
    assert len(ids()) == 1
    assert len(ids(showDeleted=True)) == 2
    assert expect_refusal(events.list(calendarId=CALENDAR, timeMin="2027-03-01")) == (400, "badRequest")
    assert expect_refusal(events.list(calendarId=CALENDAR, updatedMin="2020-01-01T00:00:00Z"))[0] == 410


def test_calendars_can_be_found(server, api):
    """A calendar can be read, and the list of calendars contains a new one."""
    server.control("POST", "calendars", {"id": "second@example.com", "timeZone": "Europe/Berlin"})
    assert api.calendars().get(calendarId=CALENDAR).execute()["timeZone"] == "Europe/Warsaw"
    items = api.calendarList().list().execute()["items"]
    assert [item["id"] for item in items] == [CALENDAR, "second@example.com"]
    assert expect_refusal(api.calendars().get(calendarId="nobody@example.com")) == (404, "notFound")


def test_the_owner_adds_changes_and_deletes_events(server, api):
    """Events that the owner adds have the calendar as creator; the control list includes deleted ones."""
    hours = {"start": "2027-03-01T20:00:00Z", "end": "2027-03-01T21:00:00Z"}
    created = server.control("POST", "events", {"calendar": CALENDAR, "summary": "By hand"} | hours)
    read_event = api.events().get(calendarId=CALENDAR, eventId=created["id"]).execute()
    assert read_event["creator"] == {"email": CALENDAR, "self": True}
    later = {"start": "2027-03-02T20:00:00+01:00", "end": "2027-03-02T21:00:00+01:00"}
    server.control("PATCH", f"events?calendar={CALENDAR}&id={created['id']}", later)
    updated = api.events().get(calendarId=CALENDAR, eventId=created["id"]).execute()
    assert (updated["start"]["dateTime"], updated["summary"]) == (later["start"], "By hand")
    days = {"start": "2027-03-02", "end": "2027-03-03"}
    server.control("PATCH", f"events?calendar={CALENDAR}&id={created['id']}", days)
    assert api.events().get(calendarId=CALENDAR, eventId=created["id"]).execute()["start"] == {"date": "2027-03-02"}
    server.control("DELETE", f"events?calendar={CALENDAR}&id={created['id']}")
    items = server.control("GET", f"events?calendar={CALENDAR}")["items"]
    assert [(item["summary"], item["status"]) for item in items] == [("By hand", "cancelled")]


def test_calls_are_counted_by_method_and_path(server, api):
    """Calls are counted by HTTP method and path pattern; a reset sets the counts to zero."""
    busy(api)
    api.events().insert(calendarId=CALENDAR, body=visit()).execute()
    calls = server.control("GET", "calls")["calls"]
    assert calls["POST /calendar/v3/freeBusy"] == 1
    assert calls["POST /calendar/v3/calendars/{calendarId}/events"] == 1
    server.control("POST", "reset")
    assert server.control("GET", "calls") == {"calls": {}, "total": 0}
    assert server.control("GET", "events") == {"items": []}
