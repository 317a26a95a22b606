"""Signing in at an OpenID provider: nobody comes in with less than a token that was made for this very sign-in."""

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from ops.web.open_id import OpenIdSignIn, operator_from_claims
from ops.web.settings import WebSettings
from tests.fakes.open_id_provider import CLIENT_ID, CLIENT_SECRET, serving_provider

ADDRESS = "http://127.0.0.1:8090"
ANIAS = {"custom:tenants": "salon-ania", "cognito:username": "ania"}


@pytest.fixture(scope="module")
def provider():
    with serving_provider() as running:
        yield running


@pytest.fixture
def settings(provider):
    provider.claims, provider.forge = dict(ANIAS), None
    return WebSettings(oidc_issuer=provider.issuer, oidc_client_id=CLIENT_ID, oidc_client_secret=CLIENT_SECRET)


@pytest.fixture
def visitor(world, settings, stranger):
    """Return somebody's browser at a desk that asks the provider."""

    def by_provider(sessions, rendering):
        return OpenIdSignIn(settings=settings, public_url=ADDRESS, sessions=sessions, rendering=rendering)

    browser = type(stranger)(world.app(sign_in=by_provider))
    with browser.http:
        yield browser


def set_out(browser):
    """Leave for the provider; return what it is asked."""
    answer = browser.get("/sign-in/start?next=/failures")
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def come_back(browser, **query):
    return browser.get(f"/sign-in/return?{urlencode(query)}")


def sign_in(browser, provider):
    asked = set_out(browser)
    return come_back(browser, code=provider.authorize(asked), state=asked["state"])


def test_signs_in_to_ones_own_tenants(visitor, provider):
    """Whoever the provider vouches for sees the tenants of their token, and the page that they wanted."""
    assert "/sign-in/start" in visitor.get("/sign-in").text
    answer = sign_in(visitor, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/failures")
    text = visitor.follow().text
    assert ("salon-ania" in text, "studio-bea" in text) == (True, False)
    visitor.get("/failures/f-ania")
    visitor.send("/failures/f-ania/discard", reason="x")
    assert "by ania" in visitor.follow().text


def test_every_sign_in_has_secrets_of_its_own(visitor):
    """Challenge, state and nonce are new each time, and the way back is ours."""
    first, second = set_out(visitor), set_out(visitor)
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]
    assert first["redirect_uri"] == f"{ADDRESS}/sign-in/return"


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example.com"},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": CLIENT_ID},
        {"aud": ["another-client"], "azp": CLIENT_ID},
        {"exp": int(time.time()) - 1000},
        {"exp": None},
        {"sub": None},
        {"custom:tenants": None},
        {"custom:tenants": "*"},
        {"custom:tenants": " , "},
    ],
)
def test_a_token_that_was_not_made_for_this_is_refused(visitor, provider, lie):
    """Nonce, issuer, audience, end and tenants have to be right, each of them."""
    provider.claims |= lie
    assert sign_in(visitor, provider).status_code == 403
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize("forge", ["key", "secret", "none", "missing"])
def test_a_token_that_the_provider_did_not_sign_is_refused(visitor, provider, forge):
    """Another key, the client's own secret, no signature or no token at all: nobody is signed in."""
    provider.forge = forge
    assert sign_in(visitor, provider).status_code == 403
    assert visitor.get("/").status_code == 303


def test_a_state_that_is_not_this_sessions_is_refused(visitor, provider):
    """Neither another session's state nor one that was used is taken; the provider is not even asked."""
    asked = set_out(visitor)
    code = provider.authorize(asked)
    assert come_back(visitor, code=code, state="another").status_code == 403
    assert come_back(visitor, code=code).status_code == 403
    assert code in provider.codes
    asked = set_out(visitor)
    code = provider.authorize(asked)
    assert come_back(visitor, code=code, state=asked["state"]).status_code == 303
    other = type(visitor)(visitor.http.app)
    assert come_back(other, code=code, state=asked["state"]).status_code == 403


def test_only_the_latest_way_to_the_provider_leads_back(visitor, provider):
    """Whoever sets out anew leaves nothing of before in the cookie, which would grow with each time."""
    first = set_out(visitor)
    sizes = []
    for _ in range(5):
        set_out(visitor)
        sizes.append(sum(map(len, visitor.http.cookies.values())))
    assert max(sizes) - min(sizes) < 50
    code = provider.authorize(first)
    assert come_back(visitor, code=code, state=first["state"]).status_code == 403


def test_a_code_of_another_sign_in_is_refused(visitor, provider):
    """A stolen code is worth nothing without the verifier of the session that it was made for."""
    stolen = provider.authorize(set_out(visitor))
    asked = set_out(visitor)
    assert come_back(visitor, code=stolen, state=asked["state"]).status_code == 403


def test_a_refusal_of_the_provider_is_said(visitor):
    """Whoever breaks off over there finds the sign-in page again, without what the address said."""
    answer = come_back(visitor, error="access_denied", error_description="<b>no</b>")
    assert answer.status_code == 403
    assert "<b>no" not in answer.text


def test_a_provider_that_is_away_is_said(world, stranger):
    """A provider that does not answer is a page that says so."""
    settings = WebSettings(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT_ID)

    def by_provider(sessions, rendering):
        return OpenIdSignIn(settings=settings, public_url=ADDRESS, sessions=sessions, rendering=rendering)

    browser = type(stranger)(world.app(sign_in=by_provider))
    assert browser.get("/sign-in/start").status_code == 502


@pytest.mark.parametrize(
    ("claims", "tenants"),
    [
        ({"custom:tenants": "salon-ania, studio-bea"}, {"salon-ania", "studio-bea"}),
        ({"custom:tenants": ["salon-ania", 7]}, {"salon-ania"}),
        ({"cognito:groups": ["studio-bea", "eu-central-1_abc_Google"]}, {"studio-bea"}),
        ({"cognito:groups": ["operators"]}, "all"),
        ({"custom:tenants": "operators"}, {"operators"}),
        ({"cognito:groups": "salon-ania"}, {"salon-ania"}),
        ({"custom:tenants": {"salon-ania": 1}}, None),
        ({}, None),
    ],
)
def test_tenants_of_claims(claims, tenants):
    """Claims name tenants; only the operators' group is all of them, and nothing is nobody."""
    operator = operator_from_claims({"sub": "1", **claims}, WebSettings())
    found = None if operator is None else "all" if operator.tenants is None else set(operator.tenants)
    assert found == tenants


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "boss", "cognito:username": "ania"}, "ania"),
        ({"email": "a@example.com", "email_verified": True}, "a@example.com"),
        ({"email": "a@example.com", "email_verified": "false"}, "1"),
        ({"email": "a@example.com"}, "1"),
        ({"email": "a\x1b[0m", "email_verified": True, "cognito:username": "ania"}, "ania"),
        ({"cognito:username": 7}, "1"),
    ],
)
def test_name_of_claims(claims, name):
    """The story names people by what the provider has checked, and what can be printed."""
    operator = operator_from_claims({"sub": "1", "custom:tenants": "salon-ania", **claims}, WebSettings())
    assert operator is not None
    assert operator.name == name
