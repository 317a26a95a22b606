"""Faults of the stand-in, as Google's client library handles them."""

from contextlib import closing

import pytest

from tests.contracts.google_calendar.client import CALENDAR, assertion, busy, expect_refusal, request_token, visit


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rate_limit", (403, "rateLimitExceeded")),
        ("quota", (429, "rateLimitExceeded")),
        ("account_limit", (403, "userRateLimitExceeded")),
        ("calendar_limit", (403, "quotaExceeded")),
        ("server_error", (500, "backendError")),
        ("unavailable", (503, "backendError")),
    ],
)
def test_a_fault_affects_as_many_calls_as_requested(server, api, kind, expected):
    """The next call of the fault's path fails; other calls and later ones succeed."""
    server.control("POST", "faults", {"kind": kind, "times": 1, "path": "list"})
    assert busy(api) == {"busy": []}
    assert expect_refusal(api.events().list(calendarId=CALENDAR)) == expected
    api.events().list(calendarId=CALENDAR).execute()
    assert server.control("GET", "faults") == {"pending": [], "struck": {kind: 1}}


def test_a_stalled_call_is_silent_and_may_have_been_carried_out(server):
    """A stall exceeds the client's timeout; with `applied` the event is stored all the same."""
    with closing(server.service(timeout=1)) as api:
        busy(api)
        fault = {"kind": "stall", "seconds": 3, "path": "events", "applied": True}
        server.control("POST", "faults", fault)
        with pytest.raises(TimeoutError):
            api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()
        assert expect_refusal(api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")))[0] == 409


def test_a_stall_ends_with_a_disconnect(server, api):
    """After a stall the connection is closed without an answer."""
    busy(api)
    server.control("POST", "faults", {"kind": "stall", "seconds": 0, "path": "freebusy", "times": 2})
    with pytest.raises(ConnectionError):
        busy(api)


def test_the_client_library_retries_after_a_disconnect(server, api):
    """httplib2 repeats an insert after a lost answer: the caller gets 409 for its own event."""
    busy(api)
    server.control("POST", "faults", {"kind": "stall", "seconds": 0, "path": "events", "applied": True})
    repeated = expect_refusal(api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")))
    assert repeated == (409, "duplicate")
    calls = server.control("GET", "calls")["calls"]
    assert calls["POST /calendar/v3/calendars/{calendarId}/events"] == 2


def test_a_token_fault_affects_the_token_endpoint_only(server):
    """A fault with the path `token` affects the token endpoint only."""
    server.control("POST", "faults", {"kind": "rate_limit", "path": "token"})
    status, answer = request_token(server, assertion(server.info))
    assert (status, answer["error"]) == (403, "rate_limit_exceeded")
    assert request_token(server, assertion(server.info))[0] == 200


def test_a_fault_affects_calls_of_its_path_only(server, api):
    """A list, a list of changes and a call for a single event have different paths."""
    token = api.events().list(calendarId=CALENDAR).execute()["nextSyncToken"]
    for path in ("sync", "events"):
        server.control("POST", "faults", {"kind": "quota", "path": path})
    api.events().list(calendarId=CALENDAR, singleEvents=True).execute()
    assert expect_refusal(api.events().list(calendarId=CALENDAR, syncToken=token))[0] == 429
    api.events().list(calendarId=CALENDAR, syncToken=token).execute()
    assert expect_refusal(api.events().insert(calendarId=CALENDAR, body=visit()))[0] == 429
