"""Partial answers of the stand-in: only what is named, and nothing that the API does not have."""

import pytest

from tests.contracts.google_calendar.client import CALENDAR, refused, visit


def test_a_list_gives_what_is_named(api):
    """Inside of items too, written either way."""
    properties = {"private": {"appointment": "a1"}}
    api.events().insert(calendarId=CALENDAR, body=visit(id="abc123", extendedProperties=properties)).execute()
    fields = "timeZone,items(id,start(date,dateTime),extendedProperties/private)"
    assert api.events().list(calendarId=CALENDAR, fields=fields).execute() == {
        "timeZone": "Europe/Warsaw",
        "items": [
            {"id": "abc123", "start": {"dateTime": "2027-03-01T10:00:00+01:00"}, "extendedProperties": properties}
        ],
    }


def test_one_event_gives_what_is_named(api):
    """Also the answer to a write."""
    made = api.events().insert(calendarId=CALENDAR, body=visit(id="abc123"), fields="id").execute()
    assert made == {"id": "abc123"}
    read = api.events().get(calendarId=CALENDAR, eventId="abc123", fields="etag,summary,attendees").execute()
    assert set(read) == {"etag", "summary"}


@pytest.mark.parametrize("fields", ["summry", "items(id,begin)", "items(id", "items)", "items,,id", "items id", "id/"])
def test_a_wrong_selection_is_refused(api, fields):
    """A name that no answer has, or a selection that can't be read."""
    assert refused(api.events().list(calendarId=CALENDAR, fields=fields))[0] == 400
