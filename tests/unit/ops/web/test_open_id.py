"""Sign-in with OpenID Connect: only a token that was issued for this sign-in is accepted."""

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from ops.web.open_id import OpenIdSignIn, parse_operator_claims
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
    """Return a browser at a desk that uses the provider."""

    def by_provider(sessions, rendering):
        return OpenIdSignIn(settings=settings, public_url=ADDRESS, sessions=sessions, rendering=rendering)

    browser = type(stranger)(world.app(sign_in=by_provider))
    with browser.http:
        yield browser


def start_sign_in(browser):
    """Start the sign-in; return the query with which the browser is sent to the provider."""
    answer = browser.get("/sign-in/start?next=/failures")
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def return_from_provider(browser, **query):
    return browser.get(f"/sign-in/return?{urlencode(query)}")


def sign_in(browser, provider):
    query = start_sign_in(browser)
    return return_from_provider(browser, code=provider.authorize(query), state=query["state"])


def test_signs_in_for_the_tenants_of_the_token(visitor, provider):
    """The operator sees these tenants, and the page that was requested first."""
    assert "/sign-in/start" in visitor.get("/sign-in").text
    answer = sign_in(visitor, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/failures")
    text = visitor.follow().text
    assert ("salon-ania" in text, "studio-bea" in text) == (True, False)
    visitor.get("/failures/f-ania")
    visitor.send("/failures/f-ania/discard", reason="x")
    assert "by ania" in visitor.follow().text


def test_every_sign_in_has_new_secrets(visitor):
    """Challenge, state and nonce are new each time, and the redirect URI is the desk's."""
    first, second = start_sign_in(visitor), start_sign_in(visitor)
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]
    assert first["redirect_uri"] == f"{ADDRESS}/sign-in/return"


@pytest.mark.parametrize(
    "wrong_claims",
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
def test_a_token_with_a_wrong_claim_is_rejected(visitor, provider, wrong_claims):
    """Nonce, issuer, audience, expiry and tenants all have to be right."""
    provider.claims |= wrong_claims
    assert sign_in(visitor, provider).status_code == 403
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize("forge", ["key", "secret", "none", "missing"])
def test_a_token_with_a_wrong_signature_is_rejected(visitor, provider, forge):
    """Also with the client's own secret, without a signature, and without a token."""
    provider.forge = forge
    assert sign_in(visitor, provider).status_code == 403
    assert visitor.get("/").status_code == 303


def test_a_foreign_state_is_rejected(visitor, provider):
    """Neither the state of another session nor a used one is accepted, and the provider is not called."""
    query = start_sign_in(visitor)
    code = provider.authorize(query)
    assert return_from_provider(visitor, code=code, state="another").status_code == 403
    assert return_from_provider(visitor, code=code).status_code == 403
    assert code in provider.codes
    query = start_sign_in(visitor)
    code = provider.authorize(query)
    assert return_from_provider(visitor, code=code, state=query["state"]).status_code == 303
    other = type(visitor)(visitor.http.app)
    assert return_from_provider(other, code=code, state=query["state"]).status_code == 403


def test_only_the_latest_sign_in_can_be_completed(visitor, provider):
    """A new sign-in removes the previous one from the cookie, which would grow otherwise."""
    first = start_sign_in(visitor)
    sizes = []
    for _ in range(5):
        start_sign_in(visitor)
        sizes.append(sum(map(len, visitor.http.cookies.values())))
    assert max(sizes) - min(sizes) < 50
    code = provider.authorize(first)
    assert return_from_provider(visitor, code=code, state=first["state"]).status_code == 403


def test_a_code_of_another_sign_in_is_rejected(visitor, provider):
    """A stolen code is useless without the verifier of its session."""
    stolen = provider.authorize(start_sign_in(visitor))
    query = start_sign_in(visitor)
    assert return_from_provider(visitor, code=stolen, state=query["state"]).status_code == 403


def test_an_error_of_the_provider_is_displayed_without_its_text(visitor):
    """A cancelled sign-in leads to the sign-in page, without the text from the address."""
    answer = return_from_provider(visitor, error="access_denied", error_description="<b>no</b>")
    assert answer.status_code == 403
    assert "<b>no" not in answer.text


def test_an_unreachable_provider_has_a_page(world, stranger):
    """The status is 502."""
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
    """Claims name tenants; only the operators' group means all, and without tenants there is no operator."""
    operator = parse_operator_claims({"sub": "1", **claims}, WebSettings())
    actual = None if operator is None else "all" if operator.tenants is None else set(operator.tenants)
    assert actual == tenants


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
    """The name in audit trails is one that the provider has verified, and printable."""
    operator = parse_operator_claims({"sub": "1", "custom:tenants": "salon-ania", **claims}, WebSettings())
    assert operator is not None
    assert operator.name == name
