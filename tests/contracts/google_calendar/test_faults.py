"""Faults of the stand-in, as Google's client library lives through them."""

from contextlib import closing

import pytest

from tests.contracts.google_calendar.client import CALENDAR, ask_for_token, assertion, busy, refused, visit


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rate_limit", (403, "rateLimitExceeded")),
        ("quota", (429, "rateLimitExceeded")),
        ("server_error", (500, "backendError")),
        ("unavailable", (503, "backendError")),
    ],
)
def test_a_fault_strikes_as_often_as_ordered(neighbour, api, kind, expected):
    """The ordered call fails, the other kind of call does not, and afterwards all is well."""
    neighbour.control("POST", "faults", {"kind": kind, "times": 1, "path": "list"})
    assert busy(api) == {"busy": []}
    assert refused(api.events().list(calendarId=CALENDAR)) == expected
    api.events().list(calendarId=CALENDAR).execute()
    assert neighbour.control("GET", "faults") == {"pending": [], "struck": {kind: 1}}


def test_a_stalled_call_is_silent_and_may_have_been_carried_out(neighbour):
    """A stall outlasts the client's patience; with `applied` the event is there all the same."""
    with closing(neighbour.service(timeout=1)) as api:
        busy(api)
        order = {"kind": "stall", "seconds": 3, "path": "events", "applied": True}
        neighbour.control("POST", "faults", order)
        with pytest.raises(TimeoutError):
            api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()
        assert refused(api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")))[0] == 409


def test_a_stall_ends_with_a_hang_up(neighbour, api):
    """A client that waits long enough finds the connection closed without an answer."""
    busy(api)
    neighbour.control("POST", "faults", {"kind": "stall", "seconds": 0, "path": "freebusy", "times": 2})
    with pytest.raises(ConnectionError):
        busy(api)


def test_the_client_library_sends_again_after_a_hang_up(neighbour, api):
    """One lost answer makes httplib2 repeat an insert unasked: the caller hears 409 about its own event."""
    busy(api)
    neighbour.control("POST", "faults", {"kind": "stall", "seconds": 0, "path": "events", "applied": True})
    repeated = refused(api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")))
    assert repeated == (409, "duplicate")
    calls = neighbour.control("GET", "calls")["calls"]
    assert calls["POST /calendar/v3/calendars/{calendarId}/events"] == 2


def test_the_token_endpoint_has_faults_of_its_own(neighbour):
    """A fault for the token strikes there only."""
    neighbour.control("POST", "faults", {"kind": "rate_limit", "path": "token"})
    status, answer = ask_for_token(neighbour, assertion(neighbour.info))
    assert (status, answer["error"]) == (403, "rate_limit_exceeded")
    assert ask_for_token(neighbour, assertion(neighbour.info))[0] == 200


def test_a_fault_strikes_what_it_is_meant_for(neighbour, api):
    """A list of busy times, a look for changes and a call about one event are told apart."""
    token = api.events().list(calendarId=CALENDAR).execute()["nextSyncToken"]
    for path in ("sync", "events"):
        neighbour.control("POST", "faults", {"kind": "quota", "path": path})
    api.events().list(calendarId=CALENDAR, singleEvents=True).execute()
    assert refused(api.events().list(calendarId=CALENDAR, syncToken=token))[0] == 429
    api.events().list(calendarId=CALENDAR, syncToken=token).execute()
    assert refused(api.events().insert(calendarId=CALENDAR, body=visit()))[0] == 429
