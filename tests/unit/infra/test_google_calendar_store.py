"""The rules of the calendar stand-in, without a server."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra.local.google_calendar.errors import ApiError
from infra.local.google_calendar.faults import Faults, parsed
from infra.local.google_calendar.freebusy import busy, query
from infra.local.google_calendar.listing import Filters, listed
from infra.local.google_calendar.moments import Span, instant, shown, span_of
from infra.local.google_calendar.resources import event_list, event_resource
from infra.local.google_calendar.store import CalendarStore

CALENDAR = "demo@example.com"
MORNING = datetime(2027, 3, 1, 9, tzinfo=UTC)
REFUSAL = ApiError(400, "bad", "bad")


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.time = datetime(2027, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock) -> CalendarStore:
    numbers = iter(range(1000))
    store = CalendarStore(clock=clock, new_event_id=lambda: f"made{next(numbers)}")
    store.create_calendar(CALENDAR, "Europe/Warsaw")
    return store


def body(start=MORNING, minutes=60, **fields):
    end = start + timedelta(minutes=minutes)
    return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}, **fields}


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(ApiError) as refused:
        call(*args, **kwargs)
    return refused.value.reason


@pytest.mark.parametrize("event_id", ["abc1", "ABCDE", "wxyz12", "abc-def", "a" * 1025, "", 12345])
def test_an_id_outside_base32hex_is_refused(store, event_id):
    """Only 5 to 1024 characters of a-v and 0-9 make an event id."""
    assert refusal(store.insert, CALENDAR, body(id=event_id), "me") == "invalid"


def test_an_id_stays_taken_after_its_event_is_deleted(store):
    """The id of a living or a deleted event can not be used again."""
    store.insert(CALENDAR, body(id="abcde"), "me")
    assert refusal(store.insert, CALENDAR, body(id="abcde"), "me") == "duplicate"
    store.delete(CALENDAR, "abcde")
    assert refusal(store.insert, CALENDAR, body(id="abcde"), "me") == "duplicate"
    assert store.get(CALENDAR, "abcde").status == "cancelled"


def test_an_event_is_deleted_once(store):
    """The second deletion hears `deleted`, an unknown id `notFound`."""
    store.insert(CALENDAR, body(id="abcde"), "me")
    store.delete(CALENDAR, "abcde")
    assert refusal(store.delete, CALENDAR, "abcde") == "deleted"
    assert refusal(store.delete, CALENDAR, "fghij") == "notFound"
    assert refusal(store.delete, "nobody@example.com", "abcde") == "notFound"


def test_a_deleted_event_comes_back_only_when_its_status_is_patched(store):
    """A patch of another field leaves a deletion alone; `status: confirmed` undoes it."""
    store.insert(CALENDAR, body(id="abcde"), "me")
    store.delete(CALENDAR, "abcde")
    assert store.patch(CALENDAR, "abcde", {"summary": "x"}).is_deleted
    assert store.replace(CALENDAR, "abcde", body()).is_deleted
    assert not store.patch(CALENDAR, "abcde", {"status": "confirmed"}).is_deleted


def test_every_write_has_an_etag_of_its_own(store):
    """The etag changes at every write, also when the clock stands still."""
    tags = [store.insert(CALENDAR, body(id="abcde"), "me").etag]
    tags += [store.patch(CALENDAR, "abcde", {"summary": text}).etag for text in "xyz"]
    store.delete(CALENDAR, "abcde")
    tags.append(store.get(CALENDAR, "abcde").etag)
    assert len(set(tags)) == len(tags)


def test_a_write_with_an_old_etag_changes_nothing(store):
    """Patch, replace and delete with an etag that is not current hear `conditionNotMet`."""
    old = store.insert(CALENDAR, body(id="abcde"), "me").etag
    current = store.patch(CALENDAR, "abcde", {"summary": "new"}, if_match=old).etag
    assert refusal(store.patch, CALENDAR, "abcde", {"summary": "x"}, if_match=old) == "conditionNotMet"
    assert refusal(store.replace, CALENDAR, "abcde", body(), if_match=old) == "conditionNotMet"
    assert refusal(store.delete, CALENDAR, "abcde", if_match=old) == "conditionNotMet"
    assert store.get(CALENDAR, "abcde").fields["summary"] == "new"
    store.delete(CALENDAR, "abcde", if_match=current)


def test_the_sequence_counts_changes_of_time_only(store):
    """A new summary keeps the sequence, a new time raises it, the same time in another zone does not."""
    store.insert(CALENDAR, body(id="abcde"), "me")
    assert store.patch(CALENDAR, "abcde", {"summary": "x"}).sequence == 0
    same = {"start": {"dateTime": "2027-03-01T10:00:00+01:00"}}
    assert store.patch(CALENDAR, "abcde", same).sequence == 0
    moved = store.patch(CALENDAR, "abcde", body(MORNING + timedelta(hours=1)))
    assert moved.sequence == 1
    assert refusal(store.replace, CALENDAR, "abcde", body(sequence=0)) == "invalid"


def test_a_patch_merges_and_a_replacement_forgets(store):
    """A patch merges objects and removes nulls; a replacement keeps nothing that it does not name."""
    properties = {"private": {"a": "1", "b": "2"}}
    store.insert(CALENDAR, body(id="abcde", summary="s", extendedProperties=properties), "me")
    patch = {"extendedProperties": {"private": {"a": None, "c": "3"}}, "location": "here", "id": "other"}
    patched = store.patch(CALENDAR, "abcde", patch)
    assert patched.fields["extendedProperties"] == {"private": {"b": "2", "c": "3"}}
    assert (patched.fields["summary"], patched.fields["location"]) == ("s", "here")
    assert set(store.replace(CALENDAR, "abcde", body()).fields) == {"start", "end"}


def test_extended_properties_lose_what_google_drops(store):
    """A key over 44 characters vanishes and a value over 1024 is cut, both in silence."""
    properties = {"private": {"k" * 44: "v" * 2000, "k" * 45: "gone"}}
    event = store.insert(CALENDAR, body(extendedProperties=properties), "me")
    assert event.fields["extendedProperties"] == {"private": {"k" * 44: "v" * 1024}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start": None}, "required"),
        ({"end": {}}, "required"),
        ({"start": {"dateTime": "2027-03-01T09:00:00"}}, "required"),
        ({"start": {"dateTime": "tomorrow"}}, "invalid"),
        ({"start": {"dateTime": "2027-02-30T09:00:00Z"}}, "invalid"),
        ({"start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "Mars/Base"}}, "invalid"),
        ({"start": {"date": "2027-03-01"}}, "invalid"),
        ({"end": {"dateTime": MORNING.isoformat()}}, "timeRangeEmpty"),
        ({"summary": 5}, "invalid"),
        ({"transparency": "glass"}, "invalid"),
        ({"attendees": [{"displayName": "no address"}]}, "invalid"),
        ({"extendedProperties": {"private": {"a": 1}}}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=DAILY"]}, "notImplemented"),
    ],
)
def test_a_wrong_body_is_refused_with_its_reason(store, change, reason):
    """Every wrong event hears why, and is not kept."""
    assert refusal(store.insert, CALENDAR, body() | change, "me") == reason
    assert store.calendar(CALENDAR).events == {}


def test_a_local_time_is_taken_in_the_zone_it_names():
    """A time without an offset counts in its own zone, an all-day date in the calendar's."""
    warsaw = ZoneInfo("Europe/Warsaw")
    local = {"dateTime": "2027-07-01T09:00:00", "timeZone": "America/New_York"}
    span = span_of({"start": local, "end": {"dateTime": "2027-07-01T13:30:00.500Z"}}, warsaw)
    assert span == Span(datetime(2027, 7, 1, 13, tzinfo=UTC), datetime(2027, 7, 1, 13, 30, tzinfo=UTC))
    day = span_of({"start": {"date": "2027-03-28"}, "end": {"date": "2027-03-29"}}, warsaw)
    assert day.end - day.start == timedelta(hours=23)  # the clocks go forward that night
    assert shown(span.start, warsaw) == "2027-07-01T15:00:00+02:00"
    assert shown(span.start, UTC) == "2027-07-01T13:00:00Z"


@pytest.mark.parametrize("text", ["2027-03-01", "2027-03-01T09:00:00", "x", None, "2027-13-01T09:00:00Z"])
def test_a_bound_without_an_offset_is_no_instant(text):
    """A bound of a query must name one instant."""
    with pytest.raises(ApiError):
        instant(text, REFUSAL)


def test_busy_times_are_joined_and_cut_to_the_window(store):
    """Overlapping and touching events become one; free, deleted and outside ones do not count."""
    for start, minutes, extra in [
        (0, 60, {}),
        (30, 60, {}),
        (90, 30, {}),
        (180, 30, {"transparency": "transparent"}),
        (240, 60, {"id": "gone1"}),
        (-120, 60, {}),
        (460, 60, {}),
    ]:
        store.insert(CALENDAR, body(MORNING + timedelta(minutes=start), minutes, **extra), "me")
    store.delete(CALENDAR, "gone1")
    window = Span(MORNING + timedelta(minutes=15), MORNING + timedelta(minutes=480))
    minutes = [
        ((span.start - MORNING).seconds // 60, (span.end - MORNING).seconds // 60)
        for span in busy(store.calendar(CALENDAR).events.values(), window)
    ]
    assert minutes == [(15, 120), (460, 480)]


def test_a_busy_query_answers_each_calendar_for_itself(store):
    """An unknown calendar is `notFound` in its own entry, one over the limit `tooManyCalendarsRequested`."""
    store.insert(CALENDAR, body(), "me")
    asked = {
        "timeMin": "2027-03-01T00:00:00Z",
        "timeMax": "2027-03-02T00:00:00Z",
        "timeZone": "Europe/Warsaw",
    }
    items = [{"id": CALENDAR}, {"id": "nobody"}, {"id": "late"}]
    answer = query(store, asked | {"items": items, "calendarExpansionMax": 2, "timeZone": "Europe/Warsaw"})["calendars"]
    assert answer[CALENDAR] == {
        "busy": [{"start": "2027-03-01T10:00:00+01:00", "end": "2027-03-01T11:00:00+01:00"}],
    }
    assert answer["nobody"] == {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    assert answer["late"]["errors"][0]["reason"] == "tooManyCalendarsRequested"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timeMin": None}, "required"),
        ({"timeMin": "2027-03-01T00:00:00"}, "badRequest"),
        ({"timeMax": "2027-03-01T00:00:00Z"}, "timeRangeEmpty"),
        ({"timeMax": "2027-05-31T00:00:00Z"}, "timeRangeTooLong"),
        ({"timeZone": "Mars/Base"}, "invalid"),
        ({"items": [{}]}, "required"),
        ({"calendarExpansionMax": 51}, "invalid"),
    ],
)
def test_a_wrong_busy_query_is_refused(store, change, reason):
    """A query that makes no sense is refused as a whole."""
    asked = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-05-30T00:00:00Z", "items": []}
    query(store, asked)
    assert refusal(query, store, asked | change) == reason


def page_ids(store, clock, **filters):
    page = listed(store.calendar(CALENDAR), Filters(**filters), now=clock(), epoch="1")
    return [event.id for event in page.events], page


def test_a_list_is_filtered_by_time_property_and_deletion(store, clock):
    """The bounds are exclusive, properties must all match, and deleted events show only when asked for."""
    first = {"private": {"key": "1", "kind": "visit"}}
    store.insert(CALENDAR, body(id="first", extendedProperties=first), "me")
    store.insert(CALENDAR, body(MORNING + timedelta(hours=1), id="later"), "me")
    assert page_ids(store, clock, time_min=MORNING + timedelta(hours=1))[0] == ["later"]
    assert page_ids(store, clock, time_max=MORNING + timedelta(hours=1))[0] == ["first"]
    assert page_ids(store, clock, private=("key=1", "kind=visit"))[0] == ["first"]
    assert page_ids(store, clock, private=("key=1", "kind=other"))[0] == []
    store.delete(CALENDAR, "first")
    assert page_ids(store, clock)[0] == ["later"]
    assert page_ids(store, clock, show_deleted=True)[0] == ["first", "later"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(store, clock):
    """Every event comes once, the last page has a sync token, a write while paging is synced later."""
    for number in range(5):
        store.insert(CALENDAR, body(id=f"event{number}"), "me")
    ids, page = page_ids(store, clock, max_results=2)
    seen = ids
    store.patch(CALENDAR, "event0", {"summary": "changed while paging"})
    while page.next_page_token:
        assert page.next_sync_token is None
        ids, page = page_ids(store, clock, max_results=2, page_token=page.next_page_token)
        seen += ids
    assert seen == [f"event{number}" for number in range(5)]
    assert page_ids(store, clock, sync_token=page.next_sync_token)[0] == ["event0"]


def test_a_list_by_start_time_is_paged_in_that_order(store, clock):
    """`orderBy=startTime` orders over all pages, wants single events and gives no sync token."""
    for number in (2, 0, 1):
        store.insert(CALENDAR, body(MORNING + timedelta(hours=number), id=f"hour{number}"), "me")
    asked = {"order_by": "startTime", "single_events": True, "max_results": 2}
    ids, page = page_ids(store, clock, **asked)
    rest, last = page_ids(store, clock, **asked, page_token=page.next_page_token)
    assert ids + rest == ["hour0", "hour1", "hour2"]
    assert last.next_sync_token is None
    assert refusal(page_ids, store, clock, page_token=page.next_page_token) == "invalid"
    assert refusal(page_ids, store, clock, order_by="startTime") == "badRequest"


def test_a_sync_gives_what_changed_and_only_that(store, clock):
    """After a list, a sync gives new, changed and deleted events; the next sync gives nothing."""
    for name in ("still", "moved", "leave"):
        store.insert(CALENDAR, body(id=name), "me")
    _, page = page_ids(store, clock)
    store.patch(CALENDAR, "moved", body(MORNING + timedelta(days=1)))
    store.delete(CALENDAR, "leave")
    store.insert(CALENDAR, body(id="comes"), "me")
    ids, changed = page_ids(store, clock, sync_token=page.next_sync_token)
    assert ids == ["moved", "leave", "comes"]
    written = event_list(changed, store.calendar(CALENDAR), None, show_deleted=False)["items"][1]
    assert {"id", "status"} <= set(written) <= {"kind", "etag", "id", "status"}
    assert page_ids(store, clock, sync_token=changed.next_sync_token)[0] == []


def test_a_stale_token_asks_for_a_full_sync(store, clock):
    """A token of an earlier epoch, of another calendar or of nowhere hears `fullSyncRequired`."""
    _, page = page_ids(store, clock)
    store.create_calendar("other@example.com")
    for calendar, epoch, token in [
        (CALENDAR, "2", page.next_sync_token),
        ("other@example.com", "1", page.next_sync_token),
        (CALENDAR, "1", "nonsense"),
        (CALENDAR, "1", "ünsinn"),
    ]:
        filters = Filters(sync_token=token)
        found = store.calendar(calendar)
        assert refusal(listed, found, filters, now=clock(), epoch=epoch) == "fullSyncRequired"


def test_a_wrong_list_is_refused(store, clock):
    """Bounds in the wrong order, an old `updatedMin`, a bad page and a mixed sync each hear their reason."""
    _, page = page_ids(store, clock)
    assert refusal(page_ids, store, clock, time_min=MORNING, time_max=MORNING) == "timeRangeEmpty"
    month = timedelta(days=30)
    assert refusal(page_ids, store, clock, updated_min=clock() - month) == "updatedMinTooLongAgo"
    assert refusal(page_ids, store, clock, page_token="x") == "invalid"
    assert refusal(page_ids, store, clock, max_results=0) == "invalid"
    mixed = {"sync_token": page.next_sync_token, "time_min": MORNING}
    assert refusal(page_ids, store, clock, **mixed) == "badRequest"


def test_an_event_is_written_in_the_zone_that_is_asked_for(store):
    """Times are shown in the calendar's zone, or in the caller's; the event's own zone name is kept."""
    event = store.insert(CALENDAR, body(), "me@example.com")
    calendar = store.calendar(CALENDAR)
    assert event_resource(event, calendar)["start"] == {
        "dateTime": "2027-03-01T10:00:00+01:00",
        "timeZone": "Europe/Warsaw",
    }
    assert event_resource(event, calendar, UTC)["start"]["dateTime"] == "2027-03-01T09:00:00Z"


async def test_a_fault_strikes_its_own_calls_and_no_more():
    """A fault is taken as often as ordered, by its own calls; without a path never by the token."""
    faults = Faults()
    faults.order(parsed({"kind": "quota", "times": 2, "path": "events"}))
    faults.order(parsed({"kind": "stall", "seconds": 1}))
    assert faults.take("token") is None
    struck = [faults.take(target) for target in ("events", "freebusy", "events", "events")]
    assert [fault and fault.kind for fault in struck] == ["quota", "stall", "quota", None]
    assert faults.report() == {"pending": [], "struck": {"quota": 2, "stall": 1}}


@pytest.mark.parametrize("order", [{}, {"kind": "x"}, {"kind": "quota", "times": 0}, {"kind": "stall", "path": "x"}])
def test_an_unclear_fault_is_refused(order):
    """An order that can not be carried out says what is wrong with it."""
    with pytest.raises(ValueError, match="is"):
        parsed(order)
