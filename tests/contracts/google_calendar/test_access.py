"""Access to the stand-in: keys, assertions, tokens and scopes."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from google.auth.exceptions import RefreshError

from infra.local.google_calendar.discovery import load_document
from infra.local.google_calendar.events import READING_ROLES, ROLES
from infra.local.google_calendar.keys import create_service_account_key, parse_account_key
from infra.local.google_calendar.scopes import ALLOWED, PREFIX
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serve_in_thread
from tests.contracts.google_calendar.client import (
    CALENDAR,
    CheckedHttp,
    StandInServer,
    assertion,
    busy,
    expect_refusal,
    request_token,
    visit,
)


def test_a_call_without_a_valid_token_is_refused(server, api):
    """A missing and an unknown token are answered with 401; the client renews an expired one by itself."""
    url = f"{server.address}/calendar/v3/calendars/{CALENDAR}"
    with closing(CheckedHttp()) as http:
        for headers, reason in [({}, "required"), ({"Authorization": "Bearer x"}, "authError")]:
            response, content = http.request(url, headers=headers)
            assert response.status == 401
            assert json.loads(content)["error"]["errors"][0]["reason"] == reason
    api.calendars().get(calendarId=CALENDAR).execute()
    server.control("POST", "tokens/expire")
    api.calendars().get(calendarId=CALENDAR).execute()
    assert server.control("GET", "calls")["calls"]["POST /token"] == 2


def test_a_token_allows_only_its_scopes(server):
    """A token with a read scope can't write."""
    with closing(server.service(scopes=[PREFIX + "calendar.readonly"])) as api:
        assert busy(api) == {"busy": []}
        refusal = expect_refusal(api.events().insert(calendarId=CALENDAR, body=visit()))
    assert refusal == (403, "insufficientPermissions")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_decides_who_may_write(server, api, role):
    """A reader's writes are refused with the missing access level; every list contains the role."""
    event = api.events().insert(calendarId=CALENDAR, body=visit()).execute()
    server.control("POST", "calendars/share", {"id": CALENDAR, "role": role})
    assert api.events().list(calendarId=CALENDAR, maxResults=1).execute()["accessRole"] == role
    assert api.calendarList().list().execute()["items"][0]["accessRole"] == role
    named = {"calendarId": CALENDAR, "eventId": event["id"]}
    writes = [
        api.events().insert(calendarId=CALENDAR, body=visit()),
        api.events().patch(**named, body={"summary": "x"}),
        api.events().update(**named, body=visit()),
        api.events().delete(**named),
    ]
    if role in READING_ROLES:
        assert [expect_refusal(write) for write in writes] == [(403, "requiredAccessLevel")] * 4
    else:
        for write in writes:
            write.execute()


def test_a_role_decides_what_is_displayed(server, api):
    """Free/busy access shows times only, and read access no private events; both end, and come back, with the role."""
    events = api.events()
    properties = {"private": {"appointment_id": "a1"}}
    plain = events.insert(calendarId=CALENDAR, body=visit(9, extendedProperties=properties)).execute()
    private = events.insert(calendarId=CALENDAR, body=visit(12, visibility="private")).execute()

    def details(event):
        read = events.get(calendarId=CALENDAR, eventId=event["id"]).execute()
        [listed] = [one for one in events.list(calendarId=CALENDAR).execute()["items"] if one["id"] == event["id"]]
        assert (listed == read, read["start"]) == (True, event["start"])
        return read.get("summary"), "extendedProperties" in read

    for role, displayed in [
        ("writer", [("Visit", True), ("Visit", False)]),
        ("reader", [("Visit", True), (None, False)]),
        ("freeBusyReader", [(None, False), (None, False)]),
        ("none", None),
        ("owner", [("Visit", True), ("Visit", False)]),
    ]:
        server.control("POST", "calendars/share", {"id": CALENDAR, "role": role})
        if displayed:
            assert [details(plain), details(private)] == displayed
            assert len(busy(api)["busy"]) == 2
            continue
        for request in [
            events.list(calendarId=CALENDAR),
            events.get(calendarId=CALENDAR, eventId=plain["id"]),
            events.insert(calendarId=CALENDAR, body=visit()),
            events.delete(calendarId=CALENDAR, eventId=plain["id"]),
            api.calendars().get(calendarId=CALENDAR),
        ]:
            assert expect_refusal(request) == (404, "notFound")
        assert busy(api)["errors"] == [{"domain": "global", "reason": "notFound"}]
        assert api.calendarList().list().execute()["items"] == []


def test_a_deleted_calendar_is_not_found(server, api):
    """Its events are gone, also when a calendar of that id exists again."""
    api.events().insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()
    server.control("DELETE", f"calendars?calendar={CALENDAR}")
    assert expect_refusal(api.events().list(calendarId=CALENDAR)) == (404, "notFound")
    assert expect_refusal(api.events().insert(calendarId=CALENDAR, body=visit())) == (404, "notFound")
    server.control("POST", "calendars", {"id": CALENDAR})
    assert api.events().list(calendarId=CALENDAR, showDeleted=True).execute()["items"] == []


def test_a_role_that_does_not_exist_is_refused(server):
    """The error message for an unknown role lists the valid ones."""
    with pytest.raises(AssertionError, match="freeBusyReader"):
        server.control("POST", "calendars/share", {"id": CALENDAR, "role": "boss"})


def test_scopes_are_those_of_the_discovery_document():
    """The table of scopes equals the discovery document's."""
    methods = [method for part in load_document()["resources"].values() for method in part["methods"].values()]
    published = {method["id"]: method["scopes"] for method in methods}
    for name, scopes in ALLOWED.items():
        assert {PREFIX + scope for scope in scopes} == set(published[name])


def test_a_revoked_or_foreign_key_gets_no_token(server):
    """A revoked and a foreign key are answered with `invalid_grant`; a restored key works again."""
    server.control("POST", "keys/revoke")
    with closing(server.service()) as api:
        with pytest.raises(RefreshError, match=r"invalid_grant: Invalid JWT Signature\."):
            busy(api)
        server.control("POST", "keys/restore")
        assert busy(api) == {"busy": []}
    foreign = create_service_account_key(f"{server.address}/token")
    with closing(server.service(info=foreign)) as api, pytest.raises(RefreshError, match="Signature"):
        busy(api)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "nobody@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com/token"}, "invalid_grant"),
        ({"exp": 1000, "iat": 400}, "invalid_grant"),
        ({"exp": int(time.time()) + 7200}, "invalid_grant"),
        ({"iat": int(time.time()) + 3000, "exp": int(time.time()) + 3600}, "invalid_grant"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "https://example.com/calendar"}, "invalid_scope"),
    ],
)
def test_an_assertion_is_checked_claim_by_claim(server, changes, error):
    """An assertion with an invalid issuer, audience, time or scope is refused."""
    status, answer = request_token(server, assertion(server.info, **changes))
    assert (status, answer["error"]) == (400, error)


def test_a_good_assertion_gets_a_bearer_token(server):
    """The answer has the token, its type and its lifetime; a malformed assertion is refused."""
    status, answer = request_token(server, assertion(server.info))
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3599)
    assert request_token(server, "a.b.c")[0] == 400
    assert request_token(server, "nonsense")[1]["error"] == "invalid_request"


def test_a_token_ends_with_its_lifetime(info):
    """An expired token and an expired assertion are both refused by the stand-in's clock."""
    now = [datetime.now(UTC)]
    standin = Standin(keys=[parse_account_key(info)], calendars=[CALENDAR], clock=lambda: now[0])
    with serve_in_thread(standin) as address:
        server = StandInServer(address, info)
        with closing(server.service()) as api:
            busy(api)
            now[0] += timedelta(hours=2)
            with pytest.raises(RefreshError, match="short-lived"):
                busy(api)
    assert standin.calls["POST /calendar/v3/freeBusy"] == 2
