"""The busy times of a calendar."""

from datetime import timedelta

import pytest

from infra.local.google_calendar.freebusy import merge_busy_spans, query_busy_times
from infra.local.google_calendar.moments import Span
from tests.unit.infra.google_calendar.events import CALENDAR, MORNING, body, refusal


def test_busy_times_are_joined_and_cut_to_the_window(store):
    """Overlapping and adjacent events become one; transparent, deleted and outside ones do not count."""
    for start, minutes, extra in [
        (0, 60, {}),
        (30, 60, {}),
        (90, 30, {}),
        (180, 30, {"transparency": "transparent"}),
        (240, 60, {"id": "gone1"}),
        (-120, 60, {}),
        (460, 60, {}),
    ]:
        store.insert_event(CALENDAR, body(MORNING + timedelta(minutes=start), minutes, **extra), "me")
    store.delete_event(CALENDAR, "gone1")
    window = Span(MORNING + timedelta(minutes=15), MORNING + timedelta(minutes=480))
    minutes = [
        ((span.start - MORNING).seconds // 60, (span.end - MORNING).seconds // 60)
        for span in merge_busy_spans(store.get_calendar(CALENDAR).events.values(), window)
    ]
    assert minutes == [(15, 120), (460, 480)]


def test_a_busy_query_answers_each_calendar_separately(store):
    """An unknown calendar is `notFound` in its entry, one over the limit `tooManyCalendarsRequested`."""
    store.insert_event(CALENDAR, body(), "me")
    request = {
        "timeMin": "2027-03-01T00:00:00Z",
        "timeMax": "2027-03-02T00:00:00Z",
        "timeZone": "Europe/Warsaw",
    }
    items = [{"id": CALENDAR}, {"id": "nobody"}, {"id": "late"}]
    answer = query_busy_times(
        store, request | {"items": items, "calendarExpansionMax": 2, "timeZone": "Europe/Warsaw"}
    )["calendars"]
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
    """An invalid query is refused as a whole."""
    request = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-05-30T00:00:00Z", "items": []}
    query_busy_times(store, request)
    assert refusal(query_busy_times, store, request | change) == reason
