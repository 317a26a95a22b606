"""Who may connect, and as which session."""

import base64
import json
import string
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import quote

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
from shared.resume_tokens import TOKEN_OVERLAP, ResumeToken, TokenState
from shared.retention import RESUME_TOKEN_LIFETIME

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
ORIGIN = "https://salon.example"
ANY_TOKEN = TokenState()


@pytest.fixture
def try_connect(make_profile, tokens):
    """Return a function that connects to `salon-ania`."""

    def try_connect(*, tenant="salon-ania", origin=ORIGIN, token=None, now=NOW, by=tokens, state=ANY_TOKEN, **fields):
        return decide_admission(
            tenant=tenant,
            profile=make_profile(**fields),
            origin=origin,
            token=token,
            tokens=by,
            read_state=lambda _: state,
            now=now,
            fresh_id=lambda: "fresh",
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
    assert try_connect(token=token, now=end - timedelta(seconds=1)) == Admitted("session", "ok", is_rotation_due=True)
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
    if changed == token:
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


ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize(
    "spell",
    [
        *(lambda token, other=other: token[:-1] + other for other in ALPHABET),
        *(lambda token, more=more: token + more for more in ("=", "==", "!", " ", "\n", "\x00", "%", "A", "ą", ".")),
        lambda token: f" {token}",
        lambda token: token[:-5] + "*" + token[-5:],
        lambda token: token.replace("-", "+").replace("_", "/"),
        lambda token: token.replace("-", "%2D").replace("_", "%5F").replace(".", "%2E"),
        lambda token: quote(token.encode().hex()),
    ],
)
def test_a_token_has_one_spelling(try_connect, tokens, spell):
    """Unused bits, padding, foreign characters and other alphabets are refused, whatever bytes a decoder makes of them.

    Otherwise a revoked or logged token has forms that no comparison finds.
    """
    # All tokens: whether one has a `-` or a `_` is chance.
    for number in range(5):
        token = tokens.issue("salon-ania", f"session-{number}", NOW)
        if spell(token) != token:
            assert try_connect(token=spell(token)) == Denied("forged_token")


def test_a_revoked_session_is_not_resumed(try_connect, tokens):
    """The visitor gets a new one, as with an expired token; also tokens that an open connection got afterwards."""
    token = tokens.issue("salon-ania", "session", NOW)
    state = TokenState(is_revoked=True)
    for later in (timedelta(), timedelta(days=1), timedelta(days=29)):
        assert try_connect(token=token, now=NOW + later, state=state) == Admitted("fresh", "expired")


def test_a_strangers_token_costs_no_read(try_connect, tokens):
    """Nor does a first visit, or a token that has expired."""

    def fail(_):
        raise AssertionError("read")

    for token, now in (("forged", NOW), (None, NOW), (tokens.issue("salon-ania", "s", NOW), NOW + timedelta(days=31))):
        decide_admission(
            tenant="salon-ania",
            profile=SimpleNamespace(allow_missing_origin=True, allowed_origins=()),
            origin=None,
            token=token,
            tokens=tokens,
            read_state=fail,
            now=now,
            fresh_id=lambda: "fresh",
        )


def issued(at):
    return ResumeToken("session", at + RESUME_TOKEN_LIFETIME)


def test_two_tabs_overlap_for_a_day():
    """A rotation refuses the older token a day later; the newer one, and those after it, stay."""
    old, new = issued(NOW - timedelta(days=3)), issued(NOW)
    state = TokenState(rotated_at=NOW)
    for later, old_works in ((timedelta(), True), (TOKEN_OVERLAP - timedelta(seconds=1), True), (TOKEN_OVERLAP, False)):
        assert state.accepts(old, NOW + later) is old_works
        assert state.accepts(new, NOW + later)
    assert state.accepts(issued(NOW - timedelta(seconds=30)), NOW + 2 * TOKEN_OVERLAP), "clocks differ"


@given(hours=st.lists(st.integers(0, 60), min_size=1, max_size=12), tabs=st.data())
def test_tabs_that_come_back_within_a_day_stay_for_ever(hours, tabs):
    """However two tabs take turns: each uses the token that it got last, and no rotation overtakes it."""
    now, state, held = NOW, TokenState(), [issued(NOW), issued(NOW)]
    for pause in hours:
        now += timedelta(hours=pause)
        tab = tabs.draw(st.integers(0, 1))
        if state.accepts(held[tab], now):
            if state.is_rotation_due(held[tab], now):
                assert state.rotated_at is None or now - state.rotated_at >= TOKEN_OVERLAP, "at most one write a day"
                state = TokenState(rotated_at=now)
            held[tab] = issued(now)
        else:
            # Only a tab that slept for more than a day, while the other one got a newer token.
            assert now - held[tab].issued_at > TOKEN_OVERLAP
            assert held[1 - tab].issued_at > held[tab].issued_at
            held[tab] = held[1 - tab]
            assert state.accepts(held[tab], now) or now - held[tab].issued_at > TOKEN_OVERLAP


def test_a_superseded_token_ends_although_it_keeps_coming_back():
    """An old token, whoever has it, does not postpone its own end."""
    state, old = TokenState(), issued(NOW)
    now = NOW + timedelta(days=2)
    for _ in range(30):
        if state.accepts(old, now) and state.is_rotation_due(old, now):
            state = TokenState(rotated_at=now)
        now += timedelta(hours=1)
    assert not state.accepts(old, now)
