"""Desk tokens, in memory and in the table."""

from datetime import timedelta

import pytest

from ops.tokens.seals import TokenSeals
from ops.tokens.store import DynamoDeskTokens
from shared.ids import new_id
from shared.retention import DESK_TOKEN_RETENTION
from tests.fakes.desk_tokens import FakeDeskTokens

SEALS = TokenSeals(["k" * 64])
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request):
    if request.param == "memory":
        return FakeDeskTokens()
    return DynamoDeskTokens(client=request.getfixturevalue("dynamodb"), table="UsageTable")


def issue(clock, *, tenants=None, name="Ola"):
    return SEALS.issue(
        name=name, tenants=tenants, issued_by="anna", issued_at=clock.now(), expires_at=clock.now() + HOUR
    )


@pytest.mark.parametrize("tenants", [None, frozenset(), frozenset({"salon-ania", "studio-bea"})])
async def test_a_token_is_stored_as_it_is(store, clock, tenants):
    """With its seal: a token for no business is not one for all."""
    text, token = issue(clock, tenants=tenants, name=f'Ola "<b>" {new_id()} 🗝')
    await store.add(token)
    assert await store.get(token.token_id) == token
    assert SEALS.matches(text, await store.get(token.token_id))
    assert token in await store.list_tokens()


async def test_use_and_revocation_are_recorded(store, clock):
    """The first revocation stands; it changes nothing else."""
    _, token = issue(clock)
    await store.add(token)
    await store.record_use(token.token_id, clock.now())
    assert await store.revoke(token.token_id, clock.now() + HOUR)
    assert await store.revoke(token.token_id, clock.now() + 2 * HOUR)
    found = await store.get(token.token_id)
    assert (found.last_used_at, found.revoked_at) == (clock.now(), clock.now() + HOUR)
    assert not found.is_valid(clock.now())


async def test_an_unknown_token_gets_no_row(store, clock):
    """Such a row would have no end."""
    unknown = new_id()[:12]
    assert await store.get(unknown) is None
    assert not await store.revoke(unknown, clock.now())
    assert await store.get(unknown) is None


async def test_the_table_has_no_token(dynamodb, clock):
    """The row has a keyed hash, and an expiry after the token's."""
    text, token = issue(clock)
    await DynamoDeskTokens(client=dynamodb, table="UsageTable").add(token)
    key = {"tenant": {"S": "#desk-tokens"}, "day": {"S": f"token#{token.token_id}"}}
    row = (await dynamodb.get_item(TableName="UsageTable", Key=key))["Item"]
    assert not any(secret in str(row) for secret in text.split("_")[2:])
    assert int(row["expires_at"]["N"]) == int((token.expires_at + DESK_TOKEN_RETENTION).timestamp())
