"""What the authorizer decides about a connect request, and in which language the visitor is spoken to."""

import pytest
import structlog

from api_gateway_ws.authorizer import ConnectGrant, ConnectRequest
from shared.errors import TransientError

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
