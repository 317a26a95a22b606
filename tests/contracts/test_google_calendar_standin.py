"""The calendar stand-in as Google's own client library sees it, checked against its discovery document."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httplib2
import pytest
from google.auth import jwt
from google.auth.crypt import RSASigner
from google.auth.exceptions import RefreshError
from google.oauth2.service_account import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from infra.local.google_calendar.auth import GOOGLE_AUDIENCE, GRANT_TYPE
from infra.local.google_calendar.discovery import check_request, check_response, document
from infra.local.google_calendar.keys import account_key, make_service_account
from infra.local.google_calendar.scopes import ALLOWED, PREFIX
from infra.local.google_calendar.server import api_endpoint
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serving

CALENDAR = "demo@example.com"
SCOPE = PREFIX + "calendar"
DAY = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-02T00:00:00Z"}


class CheckedHttp(httplib2.Http):
    """An HTTP client that holds every call of the API against the discovery document."""

    def request(self, uri, method="GET", body=None, headers=None, **rest):
        response, content = super().request(uri, method, body, headers, **rest)
        if "/calendar/v3/" in uri:
            if response.status < 400:
                check_request(method, uri, body)
            check_response(method, uri, response.status, content)
        return response, content


class Neighbour:
    """One stand-in with its key file, and ways to reach it."""

    def __init__(self, address, info):
        self.address = address
        self.info = info | {"token_uri": f"{address}/token"}

    def service(self, *, scopes=(SCOPE,), subject=None, info=None, timeout=5):
        credentials = Credentials.from_service_account_info(info or self.info, scopes=list(scopes), subject=subject)
        http = AuthorizedHttp(credentials, http=CheckedHttp(timeout=timeout))
        options = {"api_endpoint": api_endpoint(self.address)}
        return build("calendar", "v3", http=http, static_discovery=True, client_options=options)

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        with closing(httplib2.Http(timeout=5)) as http:
            response, content = http.request(f"{self.address}/_standin/{path}", method, data)
        assert response.status < 300, content
        return json.loads(content)


@pytest.fixture(scope="module")
def info():
    return make_service_account("http://127.0.0.1/token")


@pytest.fixture(scope="module")
def server(info):
    standin = Standin(keys=[account_key(info)], calendars=[CALENDAR], time_zone="Europe/Warsaw")
    with serving(standin) as address:
        yield Neighbour(address, info)


@pytest.fixture
def neighbour(server):
    server.control("POST", "reset")
    return server


@pytest.fixture
def api(neighbour):
    with closing(neighbour.service()) as service:
        yield service


def visit(hour=9, **fields):
    return {
        "summary": "Visit",
        "start": {"dateTime": f"2027-03-01T{hour:02}:00:00Z"},
        "end": {"dateTime": f"2027-03-01T{hour + 1:02}:00:00Z"},
        **fields,
    }


def refused(request):
    """Run a request that is refused; give its status and reason."""
    with pytest.raises(HttpError) as failure:
        request.execute()
    return failure.value.status_code, failure.value.error_details[0]["reason"]


def with_etag(request, etag):
    request.headers["If-Match"] = etag
    return request


def busy(api, calendar=CALENDAR, **extra):
    answer = api.freebusy().query(body=DAY | {"items": [{"id": calendar}]} | extra).execute()
    return answer["calendars"][calendar]


def test_an_inserted_event_is_complete_and_can_be_read_back(api):
    """An event keeps the client's id and comes back with everything Google adds."""
    properties = {"private": {"appointment": "a1"}}
    body = visit(id="abc123", extendedProperties=properties, description="d", location="l")
    made = api.events().insert(calendarId=CALENDAR, body=body).execute()
    assert made["id"] == "abc123"
    assert made["iCalUID"] == "abc123@google.com"
    assert (made["status"], made["sequence"], made["kind"]) == ("confirmed", 0, "calendar#event")
    assert made["start"] == {"dateTime": "2027-03-01T10:00:00+01:00", "timeZone": "Europe/Warsaw"}
    assert made["extendedProperties"] == properties
    assert {"etag", "htmlLink", "created", "updated", "creator", "organizer", "reminders"} <= set(made)
    assert api.events().get(calendarId=CALENDAR, eventId="abc123").execute() == made


def test_an_event_without_an_id_gets_one(api):
    """The stand-in chooses an id where the client does not, also for a whole day."""
    day = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    made = api.events().insert(calendarId=CALENDAR, body=day).execute()
    assert api.events().get(calendarId=CALENDAR, eventId=made["id"]).execute()["start"] == day["start"]
    assert busy(api, timeZone="Europe/Warsaw")["busy"] == [
        {"start": "2027-03-01T01:00:00+01:00", "end": "2027-03-02T00:00:00+01:00"},
    ]


def test_an_id_is_taken_for_ever(api):
    """A second insert under one id hears 409, also after the first event was deleted."""
    events = api.events()
    events.insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()
    assert refused(events.insert(calendarId=CALENDAR, body=visit(id="abc123"))) == (409, "duplicate")
    assert events.delete(calendarId=CALENDAR, eventId="abc123").execute() == ""
    assert refused(events.insert(calendarId=CALENDAR, body=visit(id="abc123"))) == (409, "duplicate")
    assert events.get(calendarId=CALENDAR, eventId="abc123").execute()["status"] == "cancelled"
    assert refused(events.delete(calendarId=CALENDAR, eventId="abc123")) == (410, "deleted")


def test_a_wrong_event_is_refused(api):
    """A bad id, a missing end, an empty range, guests and unknown ids each hear their reason."""
    events = api.events()
    assert refused(events.insert(calendarId=CALENDAR, body=visit(id="UPPER"))) == (400, "invalid")
    assert refused(events.insert(calendarId=CALENDAR, body=visit(end=None))) == (400, "required")
    backwards = visit(end={"dateTime": "2027-03-01T08:00:00Z"})
    assert refused(events.insert(calendarId=CALENDAR, body=backwards)) == (400, "timeRangeEmpty")
    guests = visit(attendees=[{"email": "guest@example.com"}])
    forbidden = (403, "forbiddenForServiceAccounts")
    assert refused(events.insert(calendarId=CALENDAR, body=guests)) == forbidden
    assert refused(events.get(calendarId=CALENDAR, eventId="abc123")) == (404, "notFound")
    assert refused(events.insert(calendarId="nobody@example.com", body=visit())) == (404, "notFound")


def test_a_delegate_may_invite_guests(neighbour):
    """With a subject the same account may invite, in that person's name."""
    with closing(neighbour.service(subject="owner@example.com")) as api:
        guests = visit(attendees=[{"email": "guest@example.com", "displayName": "G"}])
        made = api.events().insert(calendarId=CALENDAR, body=guests, sendUpdates="none").execute()
    assert made["creator"] == {"email": "owner@example.com"}
    assert made["attendees"][0]["responseStatus"] == "needsAction"


def test_a_write_holds_only_while_its_etag_is_current(api):
    """Patch, update and delete with an old etag hear 412; a current one goes through and changes it."""
    events = api.events()
    where = {"calendarId": CALENDAR, "eventId": "abc123"}
    first = events.insert(calendarId=CALENDAR, body=visit(id="abc123")).execute()["etag"]
    moved = with_etag(events.patch(**where, body=visit(11)), first).execute()
    assert (moved["sequence"], moved["etag"] != first) == (1, True)
    lost = (412, "conditionNotMet")
    assert refused(with_etag(events.patch(**where, body={"summary": "late"}), first)) == lost
    assert refused(with_etag(events.update(**where, body=visit()), first)) == lost
    assert refused(with_etag(events.delete(**where), first)) == lost
    replaced = with_etag(events.update(**where, body=visit(12, summary="new")), moved["etag"]).execute()
    assert (replaced["summary"], replaced["sequence"]) == ("new", 2)
    with_etag(events.delete(**where), replaced["etag"]).execute()


def test_busy_times_tell_what_is_taken(neighbour, api):
    """Overlapping events are one busy time; free, deleted and unknown ones are treated as at Google."""
    for body in (visit(9), visit(10), visit(14, transparency="transparent"), visit(16, id="gone1")):
        api.events().insert(calendarId=CALENDAR, body=body).execute()
    api.events().delete(calendarId=CALENDAR, eventId="gone1").execute()
    assert busy(api) == {"busy": [{"start": "2027-03-01T09:00:00Z", "end": "2027-03-01T11:00:00Z"}]}
    assert busy(api, "nobody@example.com") == {
        "errors": [{"domain": "global", "reason": "notFound"}],
        "busy": [],
    }
    owners = {"calendar": CALENDAR, "start": "2027-03-01T20:00:00", "end": "2027-03-01T21:00:00"}
    neighbour.control("POST", "events", owners | {"summary": "By hand"})
    assert busy(api)["busy"][-1] == {"start": "2027-03-01T19:00:00Z", "end": "2027-03-01T20:00:00Z"}
    too_long = api.freebusy().query(body=DAY | {"timeMax": "2028-03-01T00:00:00Z"})
    assert refused(too_long) == (400, "timeRangeTooLong")


def test_pages_end_with_a_token_that_syncs(neighbour, api):
    """The client library's own paging reaches every event; the sync after it gives only what changed."""
    events = api.events()
    for number in range(5):
        events.insert(calendarId=CALENDAR, body=visit(number, id=f"event{number}")).execute()
    request, seen = events.list(calendarId=CALENDAR, maxResults=2), []
    while request is not None:
        page = request.execute()
        seen += [item["id"] for item in page["items"]]
        request = events.list_next(request, page)
    assert seen == [f"event{number}" for number in range(5)]
    events.delete(calendarId=CALENDAR, eventId="event3").execute()
    changed = events.list(calendarId=CALENDAR, syncToken=page["nextSyncToken"]).execute()
    assert [(item["id"], item["status"]) for item in changed["items"]] == [("event3", "cancelled")]
    neighbour.control("POST", "sync-tokens/expire")
    stale = events.list(calendarId=CALENDAR, syncToken=changed["nextSyncToken"])
    assert refused(stale) == (410, "fullSyncRequired")


def test_a_list_takes_the_filters_of_the_api(api):
    """Time bounds, properties, order, zone and deleted events work as query parameters."""
    events = api.events()
    properties = {"private": {"appointment": "a1"}}
    events.insert(calendarId=CALENDAR, body=visit(14)).execute()
    events.insert(calendarId=CALENDAR, body=visit(9, id="abc123", extendedProperties=properties)).execute()

    def ids(**filters):
        return [item["id"] for item in events.list(calendarId=CALENDAR, **filters).execute()["items"]]

    assert ids(privateExtendedProperty=["appointment=a1"]) == ["abc123"]
    assert ids(timeMax="2027-03-01T12:00:00Z", timeMin="2027-03-01T00:00:00Z") == ["abc123"]
    assert ids(singleEvents=True, orderBy="startTime", timeZone="UTC")[0] == "abc123"
    events.delete(calendarId=CALENDAR, eventId="abc123").execute()
    assert len(ids()) == 1
    assert len(ids(showDeleted=True)) == 2
    assert refused(events.list(calendarId=CALENDAR, timeMin="2027-03-01")) == (400, "badRequest")
    assert refused(events.list(calendarId=CALENDAR, updatedMin="2020-01-01T00:00:00Z"))[0] == 410


def test_calendars_can_be_found(neighbour, api):
    """The calendar itself and the list of calendars are there; a new one appears in it."""
    neighbour.control("POST", "calendars", {"id": "second@example.com", "timeZone": "Europe/Berlin"})
    assert api.calendars().get(calendarId=CALENDAR).execute()["timeZone"] == "Europe/Warsaw"
    items = api.calendarList().list().execute()["items"]
    assert [item["id"] for item in items] == [CALENDAR, "second@example.com"]
    assert refused(api.calendars().get(calendarId="nobody@example.com")) == (404, "notFound")


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


def assertion(info, **changes):
    now = int(time.time())
    claims = {"iss": info["client_email"], "aud": GOOGLE_AUDIENCE, "scope": SCOPE, "iat": now}
    signer = RSASigner.from_service_account_info(info)
    return jwt.encode(signer, claims | {"exp": now + 600} | changes).decode()


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


def ask_for_token(neighbour, signed):
    form = f"grant_type={GRANT_TYPE}&assertion={signed}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(httplib2.Http()) as http:
        response, content = http.request(f"{neighbour.address}/token", "POST", form, headers)
    return response.status, json.loads(content)


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
    neighbour.control("POST", "faults", {"kind": kind, "times": 1, "path": "events"})
    assert busy(api) == {"busy": []}
    assert refused(api.events().list(calendarId=CALENDAR)) == expected
    api.events().list(calendarId=CALENDAR).execute()
    assert neighbour.control("GET", "faults") == {"pending": [], "struck": {kind: 1}}


def test_a_stalled_call_is_silent_and_may_have_been_carried_out(neighbour):
    """A stall outlasts the client's patience; with `applied` the event is there all the same."""
    with closing(neighbour.service(timeout=0.2)) as api:
        busy(api)
        order = {"kind": "stall", "seconds": 0.5, "path": "events", "applied": True}
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


def test_the_owner_sees_and_changes_the_calendar_by_hand(neighbour, api):
    """Events added and deleted by hand are the calendar's own; the list shows deleted ones too."""
    hours = {"start": "2027-03-01T20:00:00Z", "end": "2027-03-01T21:00:00Z"}
    made = neighbour.control("POST", "events", {"calendar": CALENDAR, "summary": "By hand"} | hours)
    seen = api.events().get(calendarId=CALENDAR, eventId=made["id"]).execute()
    assert seen["creator"] == {"email": CALENDAR, "self": True}
    neighbour.control("DELETE", f"events?calendar={CALENDAR}&id={made['id']}")
    items = neighbour.control("GET", f"events?calendar={CALENDAR}")["items"]
    assert [(item["summary"], item["status"]) for item in items] == [("By hand", "cancelled")]


def test_calls_are_counted_by_method_and_path(neighbour, api):
    """Each call counts under its verb and the path's pattern; a reset starts again."""
    busy(api)
    api.events().insert(calendarId=CALENDAR, body=visit()).execute()
    calls = neighbour.control("GET", "calls")["calls"]
    assert calls["POST /calendar/v3/freeBusy"] == 1
    assert calls["POST /calendar/v3/calendars/{calendarId}/events"] == 1
    neighbour.control("POST", "reset")
    assert neighbour.control("GET", "calls") == {"calls": {}, "total": 0}
    assert neighbour.control("GET", "events") == {"items": []}


def start(*options):
    command = [sys.executable, "-m", "infra.local.google_calendar", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=dict(os.environ, PYTHONWARNINGS="error"), **pipes)


def test_it_runs_as_a_program_and_stops_on_a_signal(info, tmp_path):
    """The program says where it listens, serves the registered key, and ends with 0 on SIGTERM."""
    key_file = tmp_path / "key.json"
    key_file.write_text(json.dumps(info))
    with start("--calendar", CALENDAR, "--service-account", str(key_file)) as process:
        try:
            word, endpoint = process.stdout.readline().split()
            assert word == "ready"
            neighbour = Neighbour(endpoint.removesuffix("/calendar/v3/"), info)
            assert neighbour.control("GET", "ready") == {"ready": True}
            credentials = Credentials.from_service_account_info(neighbour.info, scopes=[SCOPE])
            options = {"api_endpoint": endpoint}
            plain = {"credentials": credentials, "static_discovery": True, "client_options": options}
            with closing(build("calendar", "v3", **plain)) as api:
                assert busy(api) == {"busy": []}
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=5) == ("", "")
    assert process.returncode == 0


def test_a_taken_port_and_a_bad_key_file_are_said_clearly(tmp_path):
    """A port in use ends with 1 and a file that is no key with 2, each with one clear sentence."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with start("--port", str(port)) as process:
            _, complaint = process.communicate(timeout=5)
    assert process.returncode == 1
    assert complaint.startswith(f"cannot listen on 127.0.0.1:{port}: the port is taken")
    assert complaint.count("\n") == 1
    (tmp_path / "key.json").write_text("{}")
    with start("--service-account", str(tmp_path / "key.json")) as process:
        _, complaint = process.communicate(timeout=5)
    assert process.returncode == 2
    assert "not the key file of a service account" in complaint


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
