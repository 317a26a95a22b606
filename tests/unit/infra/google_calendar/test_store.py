"""Writing events: ids, etags, sequence, patches, and refused bodies."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infra.local.google_calendar.errors import ApiError
from infra.local.google_calendar.moments import Span, format_instant, parse_instant, parse_span
from infra.local.google_calendar.resources import event_to_json
from tests.unit.infra.google_calendar.events import CALENDAR, MORNING, body, refusal

REFUSAL = ApiError(400, "bad", "bad")
ZONED = {
    name: {"dateTime": (MORNING + timedelta(hours=hour)).isoformat(), "timeZone": "Europe/Warsaw"}
    for hour, name in enumerate(("start", "end"))
}


@pytest.mark.parametrize("event_id", ["abc1", "ABCDE", "wxyz12", "abc-def", "a" * 1025, "", 12345])
def test_an_id_outside_base32hex_is_refused(store, event_id):
    """An event id has 5 to 1024 characters of a-v and 0-9."""
    assert refusal(store.insert_event, CALENDAR, body(id=event_id), "me") == "invalid"


def test_the_id_of_a_deleted_event_can_not_be_used_again(store):
    """The id of an event can't be used again, whether the event is deleted or not."""
    store.insert_event(CALENDAR, body(id="abcde"), "me")
    assert refusal(store.insert_event, CALENDAR, body(id="abcde"), "me") == "duplicate"
    store.delete_event(CALENDAR, "abcde")
    assert refusal(store.insert_event, CALENDAR, body(id="abcde"), "me") == "duplicate"
    assert store.get_event(CALENDAR, "abcde").status == "cancelled"


def test_an_event_is_deleted_once(store):
    """The second deletion is refused with `deleted`, an unknown id with `notFound`."""
    store.insert_event(CALENDAR, body(id="abcde"), "me")
    store.delete_event(CALENDAR, "abcde")
    assert refusal(store.delete_event, CALENDAR, "abcde") == "deleted"
    assert refusal(store.delete_event, CALENDAR, "fghij") == "notFound"
    assert refusal(store.delete_event, "nobody@example.com", "abcde") == "notFound"


def test_only_a_patch_of_its_status_restores_a_deleted_event(store):
    """A patch of another field does not restore the event; `status: confirmed` does."""
    store.insert_event(CALENDAR, body(id="abcde"), "me")
    store.delete_event(CALENDAR, "abcde")
    assert store.patch_event(CALENDAR, "abcde", {"summary": "x"}).is_deleted
    assert store.replace_event(CALENDAR, "abcde", body()).is_deleted
    assert not store.patch_event(CALENDAR, "abcde", {"status": "confirmed"}).is_deleted


def test_every_write_has_a_different_etag(store):
    """The etag changes at every write, even within one tick of the clock."""
    tags = [store.insert_event(CALENDAR, body(id="abcde"), "me").etag]
    tags += [store.patch_event(CALENDAR, "abcde", {"summary": text}).etag for text in "xyz"]
    store.delete_event(CALENDAR, "abcde")
    tags.append(store.get_event(CALENDAR, "abcde").etag)
    assert len(set(tags)) == len(tags)


def test_a_write_with_an_old_etag_changes_nothing(store):
    """Patch, replace and delete with an old etag are refused with `conditionNotMet`."""
    old = store.insert_event(CALENDAR, body(id="abcde"), "me").etag
    current = store.patch_event(CALENDAR, "abcde", {"summary": "new"}, if_match=old).etag
    assert refusal(store.patch_event, CALENDAR, "abcde", {"summary": "x"}, if_match=old) == "conditionNotMet"
    assert refusal(store.replace_event, CALENDAR, "abcde", body(), if_match=old) == "conditionNotMet"
    assert refusal(store.delete_event, CALENDAR, "abcde", if_match=old) == "conditionNotMet"
    assert store.get_event(CALENDAR, "abcde").fields["summary"] == "new"
    store.delete_event(CALENDAR, "abcde", if_match=current)


def test_the_sequence_counts_changes_of_time_and_cancellations(store):
    """A new summary and the same time in another zone keep it; a new time, a deletion and a restoration count."""
    store.insert_event(CALENDAR, body(id="abcde"), "me")
    assert store.patch_event(CALENDAR, "abcde", {"summary": "x"}).sequence == 0
    same = {"start": {"dateTime": "2027-03-01T10:00:00+01:00"}}
    assert store.patch_event(CALENDAR, "abcde", same).sequence == 0
    moved = store.patch_event(CALENDAR, "abcde", body(MORNING + timedelta(hours=1)))
    assert moved.sequence == 1
    store.delete_event(CALENDAR, "abcde")
    restored = store.patch_event(CALENDAR, "abcde", {"status": "confirmed"})
    assert (restored.sequence, restored.span, restored.etag != moved.etag) == (3, moved.span, True)
    assert refusal(store.replace_event, CALENDAR, "abcde", body(sequence=2)) == "invalid"


def test_a_patch_merges_and_a_replacement_replaces_all_fields(store):
    """A patch merges objects and removes nulls; a replacement keeps its own fields only."""
    properties = {"private": {"a": "1", "b": "2"}}
    store.insert_event(CALENDAR, body(id="abcde", summary="s", extendedProperties=properties), "me")
    patch = {"extendedProperties": {"private": {"a": None, "c": "3"}}, "location": "here", "id": "other"}
    patched = store.patch_event(CALENDAR, "abcde", patch)
    assert patched.fields["extendedProperties"] == {"private": {"b": "2", "c": "3"}}
    assert (patched.fields["summary"], patched.fields["location"]) == ("s", "here")
    assert set(store.replace_event(CALENDAR, "abcde", body()).fields) == {"start", "end"}


def test_long_extended_properties_are_dropped_or_truncated(store):
    """A key over 44 characters is dropped and a value over 1024 is truncated, without an error."""
    properties = {"private": {"k" * 44: "v" * 2000, "k" * 45: "gone"}}
    event = store.insert_event(CALENDAR, body(extendedProperties=properties), "me")
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
        ({"recurrence": ["RRULE:FREQ=DAILY"]}, "required"),
        (ZONED | {"recurrence": ["RRULE:FREQ=SOMETIMES"]}, "invalid"),
        (ZONED | {"recurrence": ["RRULE:FREQ=DAILY;UNTIL=20270305"]}, "invalid"),
        (ZONED | {"recurrence": ["DTSTART:20270301T090000Z"]}, "invalid"),
        (ZONED | {"recurrence": [7]}, "invalid"),
    ],
)
def test_a_wrong_body_is_refused_with_its_reason(store, change, reason):
    """An invalid event is refused with the reason, and not stored."""
    assert refusal(store.insert_event, CALENDAR, body() | change, "me") == reason
    assert store.get_calendar(CALENDAR).events == {}


def test_a_local_time_is_read_in_its_own_zone():
    """A time without an offset is read in its own zone, an all-day date in the calendar's."""
    warsaw = ZoneInfo("Europe/Warsaw")
    local = {"dateTime": "2027-07-01T09:00:00", "timeZone": "America/New_York"}
    span = parse_span({"start": local, "end": {"dateTime": "2027-07-01T13:30:00.500Z"}}, warsaw)
    assert span == Span(datetime(2027, 7, 1, 13, tzinfo=UTC), datetime(2027, 7, 1, 13, 30, tzinfo=UTC))
    day = parse_span({"start": {"date": "2027-03-28"}, "end": {"date": "2027-03-29"}}, warsaw)
    assert day.end - day.start == timedelta(hours=23)  # the clocks go forward that night
    assert format_instant(span.start, warsaw) == "2027-07-01T15:00:00+02:00"
    assert format_instant(span.start, UTC) == "2027-07-01T13:00:00Z"


@pytest.mark.parametrize("text", ["2027-03-01", "2027-03-01T09:00:00", "x", None, "2027-13-01T09:00:00Z"])
def test_a_bound_without_an_offset_is_refused(text):
    """A bound of a query must be an instant with an offset."""
    with pytest.raises(ApiError):
        parse_instant(text, REFUSAL)


def test_an_event_is_formatted_in_the_requested_zone(store):
    """Times are in the calendar's zone or in the requested one; the event keeps its zone name."""
    event = store.insert_event(CALENDAR, body(), "me@example.com")
    calendar = store.get_calendar(CALENDAR)
    assert event_to_json(event, calendar)["start"] == {
        "dateTime": "2027-03-01T10:00:00+01:00",
        "timeZone": "Europe/Warsaw",
    }
    assert event_to_json(event, calendar, UTC)["start"]["dateTime"] == "2027-03-01T09:00:00Z"
