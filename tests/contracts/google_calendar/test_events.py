"""Events, busy times, lists and calendars of the stand-in, as Google's client library sees them."""

from contextlib import closing

from tests.contracts.google_calendar.client import CALENDAR, DAY, busy, refused, visit, with_etag


def test_an_inserted_event_is_complete_and_can_be_read_back(api):
    """An event keeps the client's id and comes back with everything Google adds."""
    properties = {"private": {"appointment": "a1"}}
    body = visit(id="abc123", extendedProperties=properties, description="d", location="l")
    made = api.events().insert(calendarId=CALENDAR, body=body).execute()
    assert made["id"] == "abc123"
    assert made["iCalUID"] == "abc123@google.com"
    assert (made["status"], made["sequence"], made["kind"]) == ("confirmed", 0, "calendar#event")
    assert made["start"] == {"dateTime": "2027-03-01T10:00:00+01:00", "timeZone": "Europe/Warsaw"}
    assert made["extendedProperties"] == properties
    assert {"etag", "htmlLink", "created", "updated", "creator", "organizer", "reminders"} <= set(made)
    assert api.events().get(calendarId=CALENDAR, eventId="abc123").execute() == made


def test_an_event_without_an_id_gets_one(api):
    """The stand-in chooses an id where the client does not, also for a whole day."""
    day = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    made = api.events().insert(calendarId=CALENDAR, body=day).execute()
    assert api.events().get(calendarId=CALENDAR, eventId=made["id"]).execute()["start"] == day["start"]
    assert busy(api, timeZone="Europe/Warsaw")["busy"] == [
        {"start": "2027-03-01T01:00:00+01:00", "end": "2027-03-02T00:00:00+01:00"},
    ]


def test_an_id_is_taken_for_ever(api):
    """A second insert under one id hears 409, also after the first event was deleted."""
    events = api.events()
    events.insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()
    assert refused(events.insert(calendarId=CALENDAR, body=visit(id="abc123"))) == (409, "duplicate")
    assert events.delete(calendarId=CALENDAR, eventId="abc123").execute() == ""
    assert refused(events.insert(calendarId=CALENDAR, body=visit(id="abc123"))) == (409, "duplicate")
    assert events.get(calendarId=CALENDAR, eventId="abc123").execute()["status"] == "cancelled"
    assert refused(events.delete(calendarId=CALENDAR, eventId="abc123")) == (410, "deleted")


def test_a_wrong_event_is_refused(api):
    """A bad id, a missing end, an empty range, guests and unknown ids each hear their reason."""
    events = api.events()
    assert refused(events.insert(calendarId=CALENDAR, body=visit(id="UPPER"))) == (400, "invalid")
    assert refused(events.insert(calendarId=CALENDAR, body=visit(end=None))) == (400, "required")
    backwards = visit(end={"dateTime": "2027-03-01T08:00:00Z"})
    assert refused(events.insert(calendarId=CALENDAR, body=backwards)) == (400, "timeRangeEmpty")
    guests = visit(attendees=[{"email": "guest@example.com"}])
    forbidden = (403, "forbiddenForServiceAccounts")
    assert refused(events.insert(calendarId=CALENDAR, body=guests)) == forbidden
    assert refused(events.get(calendarId=CALENDAR, eventId="abc123")) == (404, "notFound")
    assert refused(events.insert(calendarId="nobody@example.com", body=visit())) == (404, "notFound")


def test_a_delegate_may_invite_guests(neighbour):
    """With a subject the same account may invite, in that person's name."""
    with closing(neighbour.service(subject="owner@example.com")) as api:
        guests = visit(attendees=[{"email": "guest@example.com", "displayName": "G"}])
        made = api.events().insert(calendarId=CALENDAR, body=guests, sendUpdates="none").execute()
    assert made["creator"] == {"email": "owner@example.com"}
    assert made["attendees"][0]["responseStatus"] == "needsAction"


def test_a_write_holds_only_while_its_etag_is_current(api):
    """Patch, update and delete with an old etag hear 412; a current one goes through and changes it."""
    events = api.events()
    where = {"calendarId": CALENDAR, "eventId": "abc123"}
    first = events.insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()["etag"]
    moved = with_etag(events.patch(**where, body=visit(11)), first).execute()
    assert (moved["sequence"], moved["etag"] != first) == (1, True)
    lost = (412, "conditionNotMet")
    assert refused(with_etag(events.patch(**where, body={"summary": "late"}), first)) == lost
    assert refused(with_etag(events.update(**where, body=visit()), first)) == lost
    assert refused(with_etag(events.delete(**where), first)) == lost
    replaced = with_etag(events.update(**where, body=visit(12, summary="new")), moved["etag"]).execute()
    assert (replaced["summary"], replaced["sequence"]) == ("new", 2)
    with_etag(events.delete(**where), replaced["etag"]).execute()


def test_busy_times_tell_what_is_taken(neighbour, api):
    """Overlapping events are one busy time; free, deleted and unknown ones are treated as at Google."""
    for body in (visit(9), visit(10), visit(14, transparency="transparent"), visit(16, id="gone1")):
        api.events().insert(calendarId=CALENDAR, body=body).execute()
    api.events().delete(calendarId=CALENDAR, eventId="gone1").execute()
    assert busy(api) == {"busy": [{"start": "2027-03-01T09:00:00Z", "end": "2027-03-01T11:00:00Z"}]}
    assert busy(api, "nobody@example.com") == {
        "errors": [{"domain": "global", "reason": "notFound"}],
        "busy": [],
    }
    owners = {"calendar": CALENDAR, "start": "2027-03-01T20:00:00", "end": "2027-03-01T21:00:00"}
    neighbour.control("POST", "events", owners | {"summary": "By hand"})
    assert busy(api)["busy"][-1] == {"start": "2027-03-01T19:00:00Z", "end": "2027-03-01T20:00:00Z"}
    too_long = api.freebusy().query(body=DAY | {"timeMax": "2028-03-01T00:00:00Z"})
    assert refused(too_long) == (400, "timeRangeTooLong")


def test_pages_end_with_a_token_that_syncs(neighbour, api):
    """The client library's own paging reaches every event; the sync after it gives only what changed."""
    events = api.events()
    for number in range(5):
        events.insert(calendarId=CALENDAR, body=visit(number, id=f"event{number}")).execute()
    request, seen = events.list(calendarId=CALENDAR, maxResults=2), []
    while request is not None:
        page = request.execute()
        seen += [item["id"] for item in page["items"]]
        request = events.list_next(request, page)
    assert seen == [f"event{number}" for number in range(5)]
    events.delete(calendarId=CALENDAR, eventId="event3").execute()
    changed = events.list(calendarId=CALENDAR, syncToken=page["nextSyncToken"]).execute()
    assert [(item["id"], item["status"]) for item in changed["items"]] == [("event3", "cancelled")]
    neighbour.control("POST", "sync-tokens/expire")
    stale = events.list(calendarId=CALENDAR, syncToken=changed["nextSyncToken"])
    assert refused(stale) == (410, "fullSyncRequired")


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
    assert refused(events.list(calendarId=CALENDAR, timeMin="2027-03-01")) == (400, "badRequest")
    assert refused(events.list(calendarId=CALENDAR, updatedMin="2020-01-01T00:00:00Z"))[0] == 410


def test_calendars_can_be_found(neighbour, api):
    """The calendar itself and the list of calendars are there; a new one appears in it."""
    neighbour.control("POST", "calendars", {"id": "second@example.com", "timeZone": "Europe/Berlin"})
    assert api.calendars().get(calendarId=CALENDAR).execute()["timeZone"] == "Europe/Warsaw"
    items = api.calendarList().list().execute()["items"]
    assert [item["id"] for item in items] == [CALENDAR, "second@example.com"]
    assert refused(api.calendars().get(calendarId="nobody@example.com")) == (404, "notFound")


def test_the_owner_sees_and_changes_the_calendar_by_hand(neighbour, api):
    """Events added and deleted by hand are the calendar's own; the list shows deleted ones too."""
    hours = {"start": "2027-03-01T20:00:00Z", "end": "2027-03-01T21:00:00Z"}
    made = neighbour.control("POST", "events", {"calendar": CALENDAR, "summary": "By hand"} | hours)
    seen = api.events().get(calendarId=CALENDAR, eventId=made["id"]).execute()
    assert seen["creator"] == {"email": CALENDAR, "self": True}
    later = {"start": "2027-03-02T20:00:00+01:00", "end": "2027-03-02T21:00:00+01:00"}
    neighbour.control("PATCH", f"events?calendar={CALENDAR}&id={made['id']}", later)
    moved = api.events().get(calendarId=CALENDAR, eventId=made["id"]).execute()
    assert (moved["start"]["dateTime"], moved["summary"]) == (later["start"], "By hand")
    days = {"start": "2027-03-02", "end": "2027-03-03"}
    neighbour.control("PATCH", f"events?calendar={CALENDAR}&id={made['id']}", days)
    assert api.events().get(calendarId=CALENDAR, eventId=made["id"]).execute()["start"] == {"date": "2027-03-02"}
    neighbour.control("DELETE", f"events?calendar={CALENDAR}&id={made['id']}")
    items = neighbour.control("GET", f"events?calendar={CALENDAR}")["items"]
    assert [(item["summary"], item["status"]) for item in items] == [("By hand", "cancelled")]


def test_calls_are_counted_by_method_and_path(neighbour, api):
    """Each call counts under its verb and the path's pattern; a reset starts again."""
    busy(api)
    api.events().insert(calendarId=CALENDAR, body=visit()).execute()
    calls = neighbour.control("GET", "calls")["calls"]
    assert calls["POST /calendar/v3/freeBusy"] == 1
    assert calls["POST /calendar/v3/calendars/{calendarId}/events"] == 1
    neighbour.control("POST", "reset")
    assert neighbour.control("GET", "calls") == {"calls": {}, "total": 0}
    assert neighbour.control("GET", "events") == {"items": []}
