"""Lists, pages and syncs."""

from datetime import timedelta

from infra.local.google_calendar.listing import Filters, listed
from infra.local.google_calendar.resources import event_list
from tests.unit.infra.google_calendar.events import CALENDAR, MORNING, body, refusal


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
