"""What the authorizer decides about a connect request, and in which language the visitor is spoken to."""

from dataclasses import replace

import pytest
import structlog

from api_gateway_ws.authorizer import ConnectGrant, ConnectRequest
from api_gateway_ws.connect_policy import build_connect_policy
from shared.errors import TransientError
from shared.resume_tokens import TOKEN_OVERLAP, TokenState
from shared.trace import Trace

TRACE = Trace(root="1-5759e988-bd862e3fe1be46a994272793", parent="53995c3f42cd8ad8", sampled=True)

ORIGIN = "https://salon.example"


def connect_request(**fields):
    plain = {"tenant": "salon-ania", "origin": ORIGIN, "token": None, "locale": None, "accept_language": None}
    return ConnectRequest(**plain | fields)


def test_a_visitor_of_the_page_gets_a_grant_for_a_new_session(world):
    """Tenant and session are vouched for from here on; each visitor's session is another."""
    one, other = world.authorizer.authorize(connect_request()), world.authorizer.authorize(connect_request())

    assert isinstance(one, ConnectGrant)
    assert (one.tenant, one.resume, one.locale) == ("salon-ania", "new", "pl")
    assert len(one.session_id) == 32
    assert one.session_id != other.session_id


def test_a_returning_visitor_gets_the_old_session(world):
    """The token alone says which one."""
    token = world.tokens.issue("salon-ania", "session", world.clock.now())

    assert world.authorizer.authorize(connect_request(token=token)) == ConnectGrant("salon-ania", "session", "ok", "pl")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"tenant": ""}, "malformed_tenant"),
        ({"tenant": "ab"}, "malformed_tenant"),
        ({"tenant": "a" * 41}, "malformed_tenant"),
        ({"tenant": "Salon-Ania"}, "malformed_tenant"),
        ({"tenant": "../salon-ania"}, "malformed_tenant"),
        ({"tenant": "salon-ania\n"}, "malformed_tenant"),
        ({"tenant": "nobody"}, "unknown_tenant"),
        ({"tenant": "broken"}, "bad_profile"),
        ({"origin": None}, "foreign_origin"),
        ({"origin": "https://evil.example"}, "foreign_origin"),
        ({"tenant": "other"}, "foreign_origin"),
        ({"token": "forged"}, "forged_token"),
    ],
)
def test_a_stranger_is_denied_and_the_log_alone_says_why(world, fields, reason):
    """The page learns nothing, not even whether the tenant exists."""
    world.profiles.bad.add("broken")

    with structlog.testing.capture_logs() as logs:
        assert world.authorizer.authorize(connect_request(**fields)) is None

    assert [(line["event"], line["reason"]) for line in logs] == [("connection_denied", reason)]


@pytest.mark.parametrize(
    ("locale", "accept_language", "spoken"),
    [
        ("en-GB", "pl", "en"),
        ("pl", "en", "pl"),
        (None, "en-US,en;q=0.9,pl;q=0.8", "en"),
        (None, "pl;q=0.9", "pl"),
        ("tlh", "tlh-FR,tlh", "pl"),
        ("", "", "pl"),
        (None, ",;,", "pl"),
    ],
)
def test_the_page_asks_for_a_language_first_then_the_browser_then_the_business(world, locale, accept_language, spoken):
    """A language that we do not speak is passed over."""
    assert world.authorizer.authorize(connect_request(locale=locale, accept_language=accept_language)).locale == spoken


def test_an_error_of_the_profiles_is_raised(world):
    """The shell around the authorizer turns it into a deny policy; it is not mistaken for a stranger."""
    world.profiles.error = TransientError("throttled")

    with pytest.raises(TransientError):
        world.authorizer.authorize(connect_request())


def test_a_session_whose_tokens_can_not_be_looked_up_is_resumed(world):
    """An outage of the table ends no conversation; it is logged, without the token."""
    token = world.tokens.issue("salon-ania", "session", world.clock.now())
    world.states.error = TransientError("throttled")

    with structlog.testing.capture_logs() as logs:
        assert world.authorizer.authorize(connect_request(token=token)).session_id == "session"

    assert [line["event"] for line in logs] == ["token_state_not_read", "connection_allowed"]
    assert token not in str(logs)


async def test_a_revoked_session_begins_anew(world):
    """One read decides; the old session is not named."""
    token = world.tokens.issue("salon-ania", "session", world.clock.now())
    await world.states.revoke_tokens("session", now=world.clock.now())

    grant = world.authorizer.authorize(connect_request(token=token))

    assert (grant.resume, world.states.reads) == ("expired", 1)
    assert grant.session_id != "session"


def test_an_old_token_is_rotated_by_its_hello(world, sender):
    """The grant says so, the first `hello` writes it, and later ones leave it."""
    token = world.tokens.issue("salon-ania", "session", world.clock.now())
    assert not world.authorizer.authorize(connect_request(token=token)).is_rotation_due
    world.clock.advance(TOKEN_OVERLAP)
    grant = world.authorizer.authorize(connect_request(token=token))
    assert grant.is_rotation_due
    policy = build_connect_policy({"methodArn": "arn"}, grant)
    assert policy["context"]["rotation"] == "due"

    rotated_at = world.clock.now()
    for _ in range(3):
        world.ingress.answer_frame(
            '{"v":1,"type":"hello","id":"h","data":{}}', replace(sender, is_rotation_due=True), trace=TRACE
        )
        world.clock.advance(TOKEN_OVERLAP / 4)
    assert world.states.rows["session"] == TokenState(rotated_at=rotated_at)
    assert world.authorizer.authorize(connect_request(token=token)).resume == "ok"
    world.clock.advance(TOKEN_OVERLAP / 4)
    assert world.authorizer.authorize(connect_request(token=token)).resume == "expired"


def test_a_rotation_that_fails_delays_no_greeting(world, sender):
    """The next connection with an old token does it."""
    world.states.error = TransientError("throttled")
    say = replace(sender, is_rotation_due=True)
    assert world.ingress.answer_frame('{"v":1,"type":"hello","id":"h","data":{}}', say, trace=TRACE) is None
    assert [frame["type"] for frame in world.poster.frames("connection")] == ["welcome"]
