"""Who may connect, and as which session."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from api_gateway_ws.auth import (
    Admitted,
    Denied,
    ForgedTokenError,
    SessionTokens,
    decide_admission,
    is_origin_allowed,
)
from shared.retention import RESUME_TOKEN_LIFETIME

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
ORIGIN = "https://salon.example"


@pytest.fixture
def try_connect(make_profile, tokens):
    """Return a function that connects to `salon-ania`."""

    def try_connect(*, tenant="salon-ania", origin=ORIGIN, token=None, now=NOW, by=tokens, **fields):
        profile = make_profile(**fields)
        return decide_admission(
            tenant=tenant, profile=profile, origin=origin, token=token, tokens=by, now=now, fresh_id=lambda: "fresh"
        )

    return try_connect


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (ORIGIN, True),
        ("HTTPS://Salon.Example", True),
        ("https://salon.example/", True),
        ("http://salon.example", False),
        ("https://salon.example:8443", False),
        ("https://salon.example.evil.example", False),
        ("https://evil.example/https://salon.example", False),
        ("https://www.salon.example", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_only_pages_of_the_business_open_its_chat(make_profile, origin, allowed):
    """An origin is scheme, host and port, compared as a whole; no origin is no page."""
    assert is_origin_allowed(origin, make_profile()) is allowed


@pytest.mark.parametrize("origin", [None, "", "null"])
def test_a_business_may_let_in_who_has_no_origin(make_profile, origin):
    """Native programs send none; a foreign page does not get in that way."""
    profile = make_profile(allow_missing_origin=True)

    assert is_origin_allowed(origin, profile)
    assert not is_origin_allowed("https://evil.example", profile)


def test_a_first_visit_begins_a_session(try_connect):
    """Without a token there is nothing to resume."""
    assert try_connect() == Admitted("fresh", "new")
    assert try_connect(token="") == Admitted("fresh", "new")


def test_a_foreign_page_is_turned_away_even_with_a_good_token(try_connect, tokens):
    """The origin is looked at first."""
    token = tokens.issue("salon-ania", "session", NOW)

    assert try_connect(origin="https://evil.example", token=token) == Denied("foreign_origin")


def test_a_token_resumes_its_session_until_its_last_second(try_connect, tokens):
    """Then the visitor gets a new session and is told that the old one is over."""
    token = tokens.issue("salon-ania", "session", NOW)
    end = NOW + RESUME_TOKEN_LIFETIME

    assert try_connect(token=token) == Admitted("session", "ok")
    assert try_connect(token=token, now=end - timedelta(seconds=1)) == Admitted("session", "ok")
    assert try_connect(token=token, now=end) == Admitted("fresh", "expired")


def test_a_token_of_another_business_is_forged(try_connect, tokens):
    """The same deployment signs for all tenants, so the tenant stands in the token."""
    assert try_connect(token=tokens.issue("other", "session", NOW)) == Denied("forged_token")


@pytest.mark.parametrize("token", ["x", ".", "a.b", "eyJ0IjoiYSJ9.", "..", "\x00", "ą", "null", "e30.e30", "A" * 8000])
def test_what_was_never_a_token_is_forged(try_connect, token):
    """A stranger's guess gets no session, new or old."""
    assert try_connect(token=token) == Denied("forged_token")


@given(position=st.integers(0, 200), character=st.sampled_from("Aa0-_."))
def test_a_token_with_one_changed_character_is_forged(position, character):
    """The signature covers all of it."""
    tokens = SessionTokens(["a key of the deployment"])
    token = tokens.issue("salon-ania", "session", NOW)
    position %= len(token)
    changed = token[:position] + character + token[position + 1 :]
    # The last character of a signature carries bits that are not used: a change there may mean the same bytes.
    if changed == token or position == len(token) - 1:
        return
    with pytest.raises(ForgedTokenError):
        tokens.verify(changed, "salon-ania", NOW)


def test_a_payload_that_the_visitor_writes_anew_is_forged(try_connect, tokens):
    """Another session's name under the old signature does not open it."""
    _, _, signature = tokens.issue("salon-ania", "session", NOW).rpartition(".")
    content = json.dumps({"t": "salon-ania", "s": "another", "e": 2**40}).encode()
    forged = base64.urlsafe_b64encode(content).rstrip(b"=").decode() + "." + signature

    assert try_connect(token=forged) == Denied("forged_token")


@pytest.mark.parametrize("content", ["text", 7, None, [], {}, {"s": "session", "e": 2**40}])
def test_other_things_that_were_signed_with_the_key_are_no_tokens(try_connect, content):
    """Neither another use of the key nor another form of content passes for a token."""
    key = "a key of the deployment"
    signing = {"digest_method": "sha256", "key_derivation": "hmac"}
    same_salt = URLSafeSerializer(key, salt="stride-session-1", signer_kwargs=signing)
    other_salt = URLSafeSerializer(key, salt="another use", signer_kwargs=signing)
    whole = {"t": "salon-ania", "s": "session", "e": 2**40}

    assert try_connect(token=same_salt.dumps(content)) == Denied("forged_token")
    assert try_connect(token=other_salt.dumps(whole)) == Denied("forged_token")


def test_keys_rotate_without_closing_sessions(try_connect):
    """The newest key signs and the older ones are still read, until they are taken away."""
    old, both, new = SessionTokens(["old"]), SessionTokens(["old", "new"]), SessionTokens(["new"])
    before = old.issue("salon-ania", "session", NOW)
    after = both.issue("salon-ania", "session", NOW)

    assert try_connect(token=before, by=both) == Admitted("session", "ok")
    assert try_connect(token=before, by=new) == Denied("forged_token")
    assert try_connect(token=after, by=new) == Admitted("session", "ok")
    assert try_connect(token=after, by=old) == Denied("forged_token")
