"""What a desk token and its row prove."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.tokens.desk_tokens import REVOCATION_DELAY, DeskTokens, check_name
from ops.tokens.seals import TokenSeals
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.desk_tokens import FakeDeskTokens

KEYS = ["an older key of the ledger", "the key of the ledger"]
SEALS = TokenSeals(KEYS)
DAY = timedelta(days=1)


def issue(seals=SEALS, tenants=frozenset({"salon-ania"})):
    return seals.issue(name="Ola", tenants=tenants, issued_by="anna", issued_at=NOON, expires_at=NOON + DAY)


def test_tokens_differ():
    """The secret has 256 random bits, and no token shows another's."""
    assert len({issue()[0] for _ in range(50)}) == 50
    assert len(issue()[0].split("_")[2]) == 64


@given(position=st.integers(0, 200), character=st.sampled_from("0aAfg_ ę\n"))
def test_a_changed_token_is_none(position, character):
    """It is refused before the table is read."""
    text, token = issue()
    position %= len(text)
    changed = text[:position] + character + text[position + 1 :]
    if changed != text:
        assert SEALS.find_id(changed) is None
    assert SEALS.find_id(text) == token.token_id
    assert SEALS.find_id(text.upper()) is None
    assert SEALS.find_id(f"{text}\n") is None


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Eve"},
        {"tenants": None},
        {"tenants": frozenset()},
        {"tenants": frozenset({"studio-bea"})},
        {"expires_at": NOON + 2 * DAY},
        {"token_id": "0" * 12},
        {"seal": "0" * 64},
    ],
)
def test_a_row_that_somebody_changed_signs_nobody_in(change):
    """A worker that writes to the table gives no token another name, other businesses or a later end."""
    text, token = issue()
    assert SEALS.matches(text, token)
    assert not SEALS.matches(text, replace(token, **change))


async def test_a_changed_row_is_no_sign_in():
    """Although the token is right, and the row is there."""
    clock, store = FakeClock(), FakeDeskTokens()
    tokens = DeskTokens(store=store, seals=SEALS, clock=clock)
    text, token = await tokens.issue("Ola", tenants=frozenset({"salon-ania"}), lifetime=DAY, issued_by="anna")
    store.rows[token.token_id] = replace(token, tenants=None)
    assert await tokens.sign_in(text) is None
    store.rows[token.token_id] = token
    assert await tokens.sign_in(text) == token


def test_a_row_is_for_one_token():
    """Nor does a copy of another token's row help."""
    assert not SEALS.matches(issue()[0], issue()[1])


def test_keys_are_rotated():
    """Tokens of an older key are accepted as long as that is there; without the key nobody makes a token."""
    older, newer = TokenSeals(KEYS[:1]), TokenSeals(KEYS[1:])
    text, token = issue(older)
    assert SEALS.find_id(text) == token.token_id
    assert SEALS.matches(text, token)
    assert newer.find_id(text) is None
    assert not newer.matches(text, token)
    assert newer.find_id(issue()[0])


async def test_a_session_ends_after_a_revocation():
    """Its row is read once in half a minute, and also an end that comes by itself counts."""
    clock, store = FakeClock(), FakeDeskTokens()
    tokens = DeskTokens(store=store, seals=SEALS, clock=clock)
    text, token = await tokens.issue("Ola", tenants=None, lifetime=DAY, issued_by="anna")
    assert (await tokens.sign_in(text)).last_used_at is None
    assert store.rows[token.token_id].last_used_at == clock.now()
    before = store.reads
    for _ in range(10):
        assert await tokens.is_session_valid(token.token_id)
    assert store.reads == before + 1
    another_desk = DeskTokens(store=store, seals=SEALS, clock=clock)
    assert await another_desk.revoke(token.token_id)
    assert await tokens.sign_in(text) is None
    clock.advance(REVOCATION_DELAY)
    assert not await tokens.is_session_valid(token.token_id)
    assert not await another_desk.is_session_valid("f" * 12)


async def test_a_token_ends():
    """Neither a sign-in nor a session goes on after that, whatever is cached."""
    clock = FakeClock()
    tokens = DeskTokens(store=FakeDeskTokens(), seals=SEALS, clock=clock)
    text, token = await tokens.issue("Ola", tenants=None, lifetime=DAY, issued_by="anna")
    clock.advance(DAY - REVOCATION_DELAY / 2)
    assert await tokens.is_session_valid(token.token_id)
    clock.advance(REVOCATION_DELAY / 2)
    assert not await tokens.is_session_valid(token.token_id)
    assert await tokens.sign_in(text) is None


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "Ola\x1b[0m", "\u202eOla"])
def test_a_name_can_be_read(name):
    """Audit entries have it."""
    with pytest.raises(ValueError, match="printable"):
        check_name(name)
    assert check_name("  Ola   Kowalska ") == "Ola Kowalska"
