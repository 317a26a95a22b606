"""Which resume tokens of a session are accepted: written by ingress and desk, read by the authorizer."""

from datetime import timedelta

import pytest

from api_gateway_ws.adapters.token_states import DynamoTokenStates
from shared.aws.conversations.connections import DynamoConnectionStore
from shared.aws.conversations.token_revocations import DynamoTokenRevocations
from shared.ids import new_id
from shared.resume_tokens import TOKEN_OVERLAP, TokenState
from shared.retention import CONNECTION_RETENTION, RESUME_TOKEN_LIFETIME
from tests.fakes.ingress import FakeTokenStates


@pytest.fixture(params=["memory", "dynamodb"])
def pair(request):
    """Return the states as the edge has them, and the revocations as others have them."""
    if request.param == "memory":
        both = FakeTokenStates()
        return both, both
    return (
        DynamoTokenStates(client=request.getfixturevalue("emulator").client("dynamodb"), table="ConnectionsTable"),
        DynamoTokenRevocations(client=request.getfixturevalue("dynamodb"), table="ConnectionsTable"),
    )


@pytest.fixture
def session():
    return new_id()


async def test_without_a_row_every_token_is_accepted(pair, session):
    """Most sessions never have one."""
    assert pair[0].read(session) == TokenState()


async def test_a_rotation_stands_for_a_day(pair, session, clock):
    """Further ones write nothing, or the older token would never end."""
    states, _ = pair
    first = clock.now()
    for _ in range(4):
        states.rotate(session, clock.now())
        assert states.read(session) == TokenState(rotated_at=first)
        clock.advance(TOKEN_OVERLAP / 4)
    states.rotate(session, clock.now())
    assert states.read(session) == TokenState(rotated_at=first + TOKEN_OVERLAP)
    assert states.read(new_id()) == TokenState()


async def test_a_revocation_stays(pair, session, clock):
    """Whether the tokens were rotated before, and are again."""
    states, revocations = pair
    states.rotate(session, clock.now())
    await revocations.revoke_tokens(session, now=clock.now())
    clock.advance(2 * TOKEN_OVERLAP)
    states.rotate(session, clock.now())
    await revocations.revoke_tokens(session, now=clock.now())
    assert states.read(session).is_revoked


async def test_the_row_is_no_connection_and_expires(dynamodb, session, clock):
    """Nobody posts to it; it is there as long as a token can be valid, also one that came after the revocation."""
    revocations = DynamoTokenRevocations(client=dynamodb, table="ConnectionsTable")
    connections = DynamoConnectionStore(client=dynamodb, table="ConnectionsTable", clock=clock)
    await revocations.revoke_tokens(session, now=clock.now())
    assert await connections.list_connections(session) == []
    key = {"session_id": {"S": f"token#{session}"}, "connection_id": {"S": "-"}}
    row = (await dynamodb.get_item(TableName="ConnectionsTable", Key=key))["Item"]
    end = clock.now() + RESUME_TOKEN_LIFETIME + CONNECTION_RETENTION - timedelta(seconds=1)
    assert int(row["expires_at"]["N"]) >= end.timestamp()
