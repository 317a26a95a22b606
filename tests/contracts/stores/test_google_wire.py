"""Checks every call of the adapter against the discovery document of Google's API.

Neither the client library nor Google complains of a field that a body should not have: it is passed over in silence.
"""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import httplib2
import pytest

from infra.local.google_calendar.discovery import check_request, check_response
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, moved, visit
from workers.booking.domain.values import Interval


@pytest.fixture
def calls(monkeypatch):
    """Check the requests, and return the method and the status of each call of the API."""
    made = []
    send = httplib2.Http.request

    def checked(self, uri, method="GET", body=None, headers=None, **rest):
        response, content = send(self, uri, method, body, headers, **rest)
        if "/calendar/v3/" in uri:
            check_request(method, uri, without_nulls(body) if method == "PATCH" else body)
            check_response(method, uri, response.status, content)
            made.append((method, response.status))
            conditional = {name.lower() for name in headers or {}} & {"if-match"}
            assert bool(conditional) == (method in {"PATCH", "PUT", "DELETE"}), f"{method} {urlsplit(uri).path}"
        return response, content

    monkeypatch.setattr(httplib2.Http, "request", checked)
    return made


def without_nulls(body):
    """Return a patch without the nulls that remove a field, which the document does not describe."""
    return json.dumps(json.loads(body, object_hook=lambda part: {k: v for k, v in part.items() if v is not None}))


async def test_every_call_exists_in_the_api(google, calls):
    """An event is inserted, inserted again, moved, restored, read and deleted; busy times and changes are listed."""
    calendar, event = google.calendar, visit()
    token = (await calendar.list_changes(CALENDAR, None)).next_token
    await calendar.put(CALENDAR, event)
    await calendar.put(CALENDAR, event)
    await calendar.put(CALENDAR, moved(event, version=3))
    google.owner_deletes(event)
    await calendar.put(CALENDAR, moved(event, version=4))
    await calendar.find_event(CALENDAR, event.event_id)
    google.owner_enters(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR))
    await calendar.find_busy_times(CALENDAR, MORNING, fresh=True)
    await calendar.find_busy_times(CALENDAR, Interval(NINE, NINE + timedelta(days=170)), fresh=True)
    await calendar.list_changes(CALENDAR, token)
    google.expire_tokens()
    await calendar.list_changes(CALENDAR, token)
    await calendar.remove(CALENDAR, event.event_id)
    await calendar.remove(CALENDAR, event.event_id)
    await calendar.find_event(CALENDAR, visit().event_id)
    repeated = visit()
    await calendar.put(CALENDAR, repeated)
    google.owner_repeats(repeated, 3)
    await calendar.put(CALENDAR, moved(repeated, version=3))
    await calendar.remove(CALENDAR, repeated.event_id, cancelled_version=4)
    google.owner_deletes(repeated)
    await calendar.put(CALENDAR, moved(repeated, version=5))

    assert {method for method, _ in calls} == {"GET", "POST", "PATCH", "DELETE"}
    # A duplicate, an expired token and a missing event: errors that the adapter handles.
    assert {status for _, status in calls} == {200, 204, 404, 409, 410}
