"""Who may call the stand-in: keys, assertions, tokens and scopes."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from google.auth.exceptions import RefreshError

from infra.local.google_calendar.discovery import document
from infra.local.google_calendar.keys import account_key, make_service_account
from infra.local.google_calendar.scopes import ALLOWED, PREFIX
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.store import READING_ROLES, ROLES
from infra.local.google_calendar.thread import serving
from tests.contracts.google_calendar.client import (
    CALENDAR,
    CheckedHttp,
    Neighbour,
    ask_for_token,
    assertion,
    busy,
    refused,
    visit,
)


def test_a_call_without_a_good_token_is_refused(neighbour, api):
    """No token and a made-up token hear 401; an expired one is renewed by the client without a word."""
    url = f"{neighbour.address}/calendar/v3/calendars/{CALENDAR}"
    with closing(CheckedHttp()) as http:
        for headers, reason in [({}, "required"), ({"Authorization": "Bearer x"}, "authError")]:
            response, content = http.request(url, headers=headers)
            assert response.status == 401
            assert json.loads(content)["error"]["errors"][0]["reason"] == reason
    api.calendars().get(calendarId=CALENDAR).execute()
    neighbour.control("POST", "tokens/expire")
    api.calendars().get(calendarId=CALENDAR).execute()
    assert neighbour.control("GET", "calls")["calls"]["POST /token"] == 2


def test_a_token_opens_only_what_its_scopes_say(neighbour):
    """A token for reading cannot write."""
    with closing(neighbour.service(scopes=[PREFIX + "calendar.readonly"])) as api:
        assert busy(api) == {"busy": []}
        refusal = refused(api.events().insert(calendarId=CALENDAR, body=visit()))
    assert refusal == (403, "insufficientPermissions")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_who_may_write(neighbour, api, role):
    """Who was given the calendar to read hears which right is missing; every list says the role."""
    event = api.events().insert(calendarId=CALENDAR, body=visit()).execute()
    neighbour.control("POST", "calendars/share", {"id": CALENDAR, "role": role})
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
        assert [refused(write) for write in writes] == [(403, "requiredAccessLevel")] * 4
    else:
        for write in writes:
            write.execute()


def test_a_role_that_does_not_exist_is_refused(neighbour):
    """A slip of a test or a demo is said with what may be written."""
    with pytest.raises(AssertionError, match="freeBusyReader"):
        neighbour.control("POST", "calendars/share", {"id": CALENDAR, "role": "boss"})


def test_scopes_are_those_of_the_discovery_document():
    """The table of scopes says exactly what Google's own description says."""
    methods = [method for part in document()["resources"].values() for method in part["methods"].values()]
    published = {method["id"]: method["scopes"] for method in methods}
    for name, scopes in ALLOWED.items():
        assert {PREFIX + scope for scope in scopes} == set(published[name])


def test_a_revoked_or_foreign_key_gets_no_token(neighbour):
    """A revoked key and a key of somebody else hear `invalid_grant`; a restored one works again."""
    neighbour.control("POST", "keys/revoke")
    with closing(neighbour.service()) as api:
        with pytest.raises(RefreshError, match=r"invalid_grant: Invalid JWT Signature\."):
            busy(api)
        neighbour.control("POST", "keys/restore")
        assert busy(api) == {"busy": []}
    foreign = make_service_account(f"{neighbour.address}/token")
    with closing(neighbour.service(info=foreign)) as api, pytest.raises(RefreshError, match="Signature"):
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
def test_an_assertion_is_checked_claim_by_claim(neighbour, changes, error):
    """A wrong issuer, audience, time or scope gets no token."""
    status, answer = ask_for_token(neighbour, assertion(neighbour.info, **changes))
    assert (status, answer["error"]) == (400, error)


def test_a_good_assertion_gets_a_bearer_token(neighbour):
    """The answer has the token, its kind and its lifetime; nonsense has neither."""
    status, answer = ask_for_token(neighbour, assertion(neighbour.info))
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3599)
    assert ask_for_token(neighbour, "a.b.c")[0] == 400
    assert ask_for_token(neighbour, "nonsense")[1]["error"] == "invalid_request"


def test_a_token_ends_with_its_lifetime(info):
    """By the stand-in's clock an old token and an old assertion are both refused."""
    now = [datetime.now(UTC)]
    standin = Standin(keys=[account_key(info)], calendars=[CALENDAR], clock=lambda: now[0])
    with serving(standin) as address:
        neighbour = Neighbour(address, info)
        with closing(neighbour.service()) as api:
            busy(api)
            now[0] += timedelta(hours=2)
            with pytest.raises(RefreshError, match="short-lived"):
                busy(api)
    assert standin.calls["POST /calendar/v3/freeBusy"] == 2
