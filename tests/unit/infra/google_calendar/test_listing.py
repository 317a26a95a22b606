"""Lists of events, their pages, and syncs."""

from datetime import timedelta

from infra.local.google_calendar.listing import Filters, list_page
from infra.local.google_calendar.resources import events_to_json
from tests.unit.infra.google_calendar.events import CALENDAR, MORNING, body, refusal


def page_ids(store, clock, **filters):
    page = list_page(store.get_calendar(CALENDAR), Filters(**filters), now=clock(), epoch="1")
    return [event.id for event in page.events], page


def test_a_list_is_filtered_by_time_property_and_deletion(store, clock):
    """The bounds are exclusive, all properties must match, and deleted events are listed on request only."""
    first = {"private": {"key": "1", "kind": "visit"}}
    store.insert_event(CALENDAR, body(id="first", extendedProperties=first), "me")
    store.insert_event(CALENDAR, body(MORNING + timedelta(hours=1), id="later"), "me")
    assert page_ids(store, clock, time_min=MORNING + timedelta(hours=1))[0] == ["later"]
    assert page_ids(store, clock, time_max=MORNING + timedelta(hours=1))[0] == ["first"]
    assert page_ids(store, clock, private=("key=1", "kind=visit"))[0] == ["first"]
    assert page_ids(store, clock, private=("key=1", "kind=other"))[0] == []
    store.delete_event(CALENDAR, "first")
    assert page_ids(store, clock)[0] == ["later"]
    assert page_ids(store, clock, show_deleted=True)[0] == ["first", "later"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(store, clock):
    """Every event is listed once, the last page has a sync token, and a write while paging is in the next sync."""
    for number in range(5):
        store.insert_event(CALENDAR, body(id=f"event{number}"), "me")
    ids, page = page_ids(store, clock, max_results=2)
    ids_of_all_pages = ids
    store.patch_event(CALENDAR, "event0", {"summary": "changed while paging"})
    while page.next_page_token:
        assert page.next_sync_token is None
        ids, page = page_ids(store, clock, max_results=2, page_token=page.next_page_token)
        ids_of_all_pages += ids
    assert ids_of_all_pages == [f"event{number}" for number in range(5)]
    assert page_ids(store, clock, sync_token=page.next_sync_token)[0] == ["event0"]


def test_a_list_by_start_time_is_paged_in_that_order(store, clock):
    """`orderBy=startTime` sorts over all pages, requires single events and returns no sync token."""
    for number in (2, 0, 1):
        store.insert_event(CALENDAR, body(MORNING + timedelta(hours=number), id=f"hour{number}"), "me")
    request = {"order_by": "startTime", "single_events": True, "max_results": 2}
    ids, page = page_ids(store, clock, **request)
    rest, last = page_ids(store, clock, **request, page_token=page.next_page_token)
    assert ids + rest == ["hour0", "hour1", "hour2"]
    assert last.next_sync_token is None
    assert refusal(page_ids, store, clock, page_token=page.next_page_token) == "invalid"
    assert refusal(page_ids, store, clock, order_by="startTime") == "badRequest"


def test_a_sync_returns_the_changes_only(store, clock):
    """After a list, a sync returns new, changed and deleted events; the next sync returns none."""
    for name in ("still", "moved", "leave"):
        store.insert_event(CALENDAR, body(id=name), "me")
    _, page = page_ids(store, clock)
    store.patch_event(CALENDAR, "moved", body(MORNING + timedelta(days=1)))
    store.delete_event(CALENDAR, "leave")
    store.insert_event(CALENDAR, body(id="comes"), "me")
    ids, changed = page_ids(store, clock, sync_token=page.next_sync_token)
    assert ids == ["moved", "leave", "comes"]
    deleted_item = events_to_json(changed, store.get_calendar(CALENDAR), None, show_deleted=False)["items"][1]
    assert {"id", "status"} <= set(deleted_item) <= {"kind", "etag", "id", "status"}
    assert page_ids(store, clock, sync_token=changed.next_sync_token)[0] == []


def test_a_stale_sync_token_requires_a_full_sync(store, clock):
    """A token of an earlier epoch, of another calendar, or a malformed one is answered with `fullSyncRequired`."""
    _, page = page_ids(store, clock)
    store.create_calendar("other@example.com")
    for calendar, epoch, token in [
        (CALENDAR, "2", page.next_sync_token),
        ("other@example.com", "1", page.next_sync_token),
        (CALENDAR, "1", "nonsense"),
        (CALENDAR, "1", "ünsinn"),
    ]:
        filters = Filters(sync_token=token)
        found = store.get_calendar(calendar)
        assert refusal(list_page, found, filters, now=clock(), epoch=epoch) == "fullSyncRequired"


def test_a_wrong_list_is_refused(store, clock):
    """Reversed bounds, an old `updatedMin`, a bad page and a sync with filters are refused, each with its reason."""
    _, page = page_ids(store, clock)
    assert refusal(page_ids, store, clock, time_min=MORNING, time_max=MORNING) == "timeRangeEmpty"
    month = timedelta(days=30)
    assert refusal(page_ids, store, clock, updated_min=clock() - month) == "updatedMinTooLongAgo"
    assert refusal(page_ids, store, clock, page_token="x") == "invalid"
    assert refusal(page_ids, store, clock, max_results=0) == "invalid"
    mixed = {"sync_token": page.next_sync_token, "time_min": MORNING}
    assert refusal(page_ids, store, clock, **mixed) == "badRequest"
