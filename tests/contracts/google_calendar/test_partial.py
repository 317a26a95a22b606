"""Partial responses of the stand-in: the selected fields only, and no unknown names."""

import pytest

from tests.contracts.google_calendar.client import CALENDAR, expect_refusal, visit


def test_a_list_has_the_selected_fields_only(api):
    """The selection applies inside items too, in both notations."""
    properties = {"private": {"appointment": "a1"}}
    api.events().insert(calendarId=CALENDAR, body=visit(id="abc123", extendedProperties=properties)).execute()
    fields = "timeZone,items(id,start(date,dateTime),extendedProperties/private)"
    assert api.events().list(calendarId=CALENDAR, fields=fields).execute() == {
        "timeZone": "Europe/Warsaw",
        "items": [
            {"id": "abc123", "start": {"dateTime": "2027-03-01T10:00:00+01:00"}, "extendedProperties": properties}
        ],
    }


def test_an_event_has_the_selected_fields_only(api):
    """The selection applies to the answers of reads and writes."""
    created = api.events().insert(calendarId=CALENDAR, body=visit(id="abc123"), fields="id").execute()
    assert created == {"id": "abc123"}
    read = api.events().get(calendarId=CALENDAR, eventId="abc123", fields="etag,summary,attendees").execute()
    assert set(read) == {"etag", "summary"}


@pytest.mark.parametrize("fields", ["summry", "items(id,begin)", "items(id", "items)", "items,,id", "items id", "id/"])
def test_a_wrong_selection_is_refused(api, fields):
    """An unknown name and a malformed selection are refused."""
    assert expect_refusal(api.events().list(calendarId=CALENDAR, fields=fields))[0] == 400
