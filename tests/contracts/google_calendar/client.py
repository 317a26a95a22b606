"""Google's client library, connected to the stand-in and checked against the discovery document."""

import json
import time
from contextlib import closing

import httplib2
import pytest
from google.auth import jwt
from google.auth.crypt import RSASigner
from google.oauth2.service_account import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from infra.local.google_calendar.auth import GOOGLE_AUDIENCE, GRANT_TYPE
from infra.local.google_calendar.discovery import check_request, check_response
from infra.local.google_calendar.scopes import PREFIX
from infra.local.google_calendar.server import build_api_endpoint
from tests.deadlines import DEADLINE_SECONDS

CALENDAR = "demo@example.com"
SCOPE = PREFIX + "calendar"
DAY = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-02T00:00:00Z"}


class CheckedHttp(httplib2.Http):
    """An HTTP client that checks every call of the API against the discovery document."""

    def request(self, uri, method="GET", body=None, headers=None, **options):
        response, content = super().request(uri, method, body, headers, **options)
        if "/calendar/v3/" in uri:
            if response.status < 400:
                check_request(method, uri, body)
            check_response(method, uri, response.status, content)
        return response, content


class StandInServer:
    """A running stand-in with its key file, and clients for it."""

    def __init__(self, address, info):
        self.address = address
        self.info = info | {"token_uri": f"{address}/token"}

    def service(self, *, scopes=(SCOPE,), subject=None, info=None, timeout=DEADLINE_SECONDS):
        credentials = Credentials.from_service_account_info(info or self.info, scopes=list(scopes), subject=subject)
        http = AuthorizedHttp(credentials, http=CheckedHttp(timeout=timeout))
        options = {"api_endpoint": build_api_endpoint(self.address)}
        return build("calendar", "v3", http=http, static_discovery=True, client_options=options)

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        with closing(httplib2.Http(timeout=DEADLINE_SECONDS)) as http:
            response, content = http.request(f"{self.address}/_standin/{path}", method, data)
        assert response.status < 300, content
        return json.loads(content)


def visit(hour=9, **fields):
    return {
        "summary": "Visit",
        "start": {"dateTime": f"2027-03-01T{hour:02}:00:00Z"},
        "end": {"dateTime": f"2027-03-01T{hour + 1:02}:00:00Z"},
        **fields,
    }


def expect_refusal(request):
    """Execute a request that must be refused; return status and reason."""
    with pytest.raises(HttpError) as failure:
        request.execute()
    return failure.value.status_code, failure.value.error_details[0]["reason"]


def with_etag(request, etag):
    request.headers["If-Match"] = etag
    return request


def busy(api, calendar=CALENDAR, **extra):
    answer = api.freebusy().query(body=DAY | {"items": [{"id": calendar}]} | extra).execute()
    return answer["calendars"][calendar]


def assertion(info, **changes):
    now = int(time.time())
    claims = {"iss": info["client_email"], "aud": GOOGLE_AUDIENCE, "scope": SCOPE, "iat": now}
    signer = RSASigner.from_service_account_info(info)
    return jwt.encode(signer, claims | {"exp": now + 600} | changes).decode()


def request_token(server, signed):
    form = f"grant_type={GRANT_TYPE}&assertion={signed}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(httplib2.Http()) as http:
        response, content = http.request(f"{server.address}/token", "POST", form, headers)
    return response.status, json.loads(content)
