"""Invalid input over the real path: a clear error, and no partial effects."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import websockets

from api_gateway_ws.auth import SessionTokens
from infra.local.stack import Stack
from shared.resume_tokens import derive_state_key
from shared.retention import RESUME_TOKEN_LIFETIME
from tests.e2e.backstage import Backstage
from tests.e2e.booking import free_slot, fresh_address
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

SOON = (datetime.now(UTC) + timedelta(days=3)).date()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"v":1,"type":"chat.send"', "BAD_FRAME"),
        ("{}", "BAD_FRAME"),
        ('{"v":2,"type":"ping"}', "BAD_FRAME"),
        ('{"v":1,"type":"chat.shout","id":"a","data":{}}', "UNSUPPORTED_TYPE"),
        ('{"v":1,"type":"chat.send","data":{"text":"no id"}}', "BAD_FRAME"),
        ('{"v":1,"type":"chat.send","id":"a","data":{"text":7}}', "BAD_FRAME"),
        ('{"v":1,"type":"chat.send","id":"a","data":{"text":"   "}}', "BAD_FRAME"),
        (json.dumps({"v": 1, "type": "chat.send", "id": "a", "data": {"text": "x" * 4001}}), "TOO_LARGE"),
        (json.dumps({"v": 1, "type": "chat.send", "id": "a", "data": {"text": "ż" * 13_000}}), "TOO_LARGE"),
        ("x" * 25_000, "TOO_LARGE"),
        ("x" * 4_001, "TOO_LARGE"),
    ],
)
async def test_an_invalid_frame_gets_an_error(visit: Visit, text: str, code: str):
    """The error has a code and a message, and the connection stays open."""
    async with visit() as visitor:
        await visitor.send_text(text)
        refused = await visitor.until("error")
        pong = await visitor.ask("ping", {}, "pong")

    assert refused["data"]["code"] == code
    assert refused["data"]["message"]
    assert pong["type"] == "pong"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"start": "2020-01-07T10:00"}, "INVALID_TIME"),
        ({"start": f"{SOON}T03:00"}, "INVALID_TIME"),
        ({"start": "2027-03-28T02:30"}, "INVALID_TIME"),
        ({"start": "tomorrow"}, "INVALID_TIME"),
        ({"start": "2999-01-07T10:00"}, "INVALID_TIME"),
        ({"contact": "not an address"}, "INVALID_CONTACT"),
        ({"contact": "a@b@c.example"}, "INVALID_CONTACT"),
        ({"contact": "+48 22 123 45 67"}, "INVALID_CONTACT"),
        ({"service": "time-travel"}, "UNKNOWN_SERVICE"),
        ({"service": "../../etc"}, "UNKNOWN_SERVICE"),
    ],
)
async def test_an_impossible_request_is_refused_and_writes_nothing(
    visit: Visit, backstage: Backstage, changes: dict, code: str
):
    """The refusal has a code; there is no row and no e-mail."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="pl"))["data"]["session_id"]
        valid = {"start": (await free_slot(visitor))["start"], "contact": address, "service": "consultation"}
        refused = await visitor.ask("booking.create", {**valid, **changes}, "booking.pending")

    assert refused["type"] == "error"
    assert refused["data"]["code"] == code
    assert refused["seq"] > 0, "the refusal ends the command, so it is durable"
    assert backstage.appointments(session) == []
    assert backstage.emails(address) == []


async def status_of_refusal(visit: Visit, **options: object) -> int:
    with pytest.raises(websockets.InvalidStatus) as refusal:
        async with visit(**options):
            pass
    return refusal.value.response.status_code


async def test_invalid_connections_are_refused(visit: Visit):
    """Unknown tenants, other origins, a missing origin and forged tokens are refused at `$connect`."""
    assert await status_of_refusal(visit, tenant="nobody-here") == 403
    assert await status_of_refusal(visit, tenant="../x") == 403
    assert await status_of_refusal(visit, origin="https://evil.example") == 403
    assert await status_of_refusal(visit, origin=None) == 403
    assert await status_of_refusal(visit, session="eyJ0IjoieCJ9.forged") == 403


async def test_a_token_of_another_tenant_is_refused(visit: Visit, backstage: Backstage):
    """A token is bound to its tenant."""
    tokens = SessionTokens(backstage.secret("SessionKeySecretId").split())
    assert await status_of_refusal(visit, session=tokens.issue("another", "s" * 32, datetime.now(UTC))) == 403


async def test_an_expired_token_gets_a_new_session(visit: Visit, stack: Stack, backstage: Backstage):
    """The visitor can connect, and the welcome says that the old session has expired."""
    tokens = SessionTokens(backstage.secret("SessionKeySecretId").split())
    long_ago = datetime.now(UTC) - RESUME_TOKEN_LIFETIME - timedelta(days=1)
    old = tokens.issue(stack.options.tenant, "0" * 32, long_ago)
    async with visit(session=old, greet=False) as visitor:
        welcome = await visitor.hello()

    assert welcome["data"]["resume"] == "expired"
    assert welcome["data"]["session_id"] != "0" * 32


async def test_a_revoked_session_is_not_resumed(visit: Visit, backstage: Backstage, stack: Stack):
    """Its token was valid a moment ago; the visitor connects, and begins anew."""
    async with visit(greet=False) as visitor:
        welcome = (await visitor.hello())["data"]
    async with visit(session=welcome["session"], greet=False) as visitor:
        again = (await visitor.hello())["data"]
    assert (again["resume"], again["session_id"]) == ("ok", welcome["session_id"])
    key = derive_state_key(welcome["session_id"])
    row = {name: {"S": value} for name, value in key.items()} | {"revoked_ms": {"N": "1"}}
    table = stack.describe()["tables"]["connections"]
    stack.client("dynamodb").put_item(TableName=table, Item=row)
    async with visit(session=again["session"], greet=False) as visitor:
        anew = (await visitor.hello())["data"]
    assert anew["resume"] == "expired"
    assert anew["session_id"] != welcome["session_id"]
