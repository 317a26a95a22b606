"""Which claims were lost: whoever works for one has to hear of it, and nobody else."""

import pytest

from shared.aws.claims import DynamoClaimStore
from shared.claims import Claim
from shared.ids import new_id
from tests.contracts.stores.claiming import LEASE, take


async def take_many(claims, count):
    return [await take(claims, new_id()) for _ in range(count)]


@pytest.fixture
def erase(stores, request):
    """Return a function that removes a command's record, as erasing a session does."""

    async def erase(key):
        if isinstance(stores.claims, DynamoClaimStore):
            client = request.getfixturevalue("emulator").client("dynamodb")
            client.delete_item(TableName="ProcessedTable", Key={"command_key": {"S": key}})
        else:
            del stores.claims.records[key]

    return erase


async def test_no_claim_is_lost_while_nobody_came(claims, clock):
    """Also when its lease has run out: without a successor it is still ours. None asked, none lost."""
    held = await take_many(claims, 3)
    clock.advance(2 * LEASE)
    assert list(await claims.find_lost(held)) == []
    assert list(await claims.find_lost([])) == []


async def test_a_stolen_claim_is_lost(claims, clock):
    """Another worker took one of them over; the others are ours."""
    held = await take_many(claims, 3)
    clock.advance(2 * LEASE)
    successor = await take(claims, held[1].key)
    assert list(await claims.find_lost(held)) == [held[1]]
    assert list(await claims.find_lost([successor])) == []


async def test_a_claim_that_was_given_back_is_lost(claims):
    """Its record is there, and names nobody."""
    held = await take_many(claims, 2)
    await claims.release(held[0])
    assert list(await claims.find_lost(held)) == [held[0]]


async def test_an_ended_claim_is_not_lost(claims):
    """Its owner ended it, and stays the owner."""
    (held,) = await take_many(claims, 1)
    await claims.complete(held)
    assert list(await claims.find_lost([held])) == []


async def test_a_claim_without_a_record_is_lost(claims, erase):
    """Erasing a session takes its commands from their workers."""
    held = await take_many(claims, 3)
    await erase(held[2].key)
    assert list(await claims.find_lost(held)) == [held[2]]
    assert list(await claims.find_lost([Claim(new_id(), "nobody", 1)])) != []


async def test_many_claims_are_looked_at(claims, clock):
    """More than one read can ask for, with losses in each of the reads."""
    held = await take_many(claims, 205)
    gone = [held[0], held[99], held[100], held[204]]
    clock.advance(2 * LEASE)
    for claim in gone:
        await take(claims, claim.key)
    assert sorted(claim.key for claim in await claims.find_lost(held)) == sorted(claim.key for claim in gone)


class Overtaxed:
    """Leaves a part of every read undone, as DynamoDB does when it is asked for too much."""

    def __init__(self, client, unprocessed):
        self._client = client
        self._unprocessed = unprocessed

    async def batch_get_item(self, **arguments):
        (table, request), *_ = arguments["RequestItems"].items()
        left = [key for key in request["Keys"] if key["command_key"]["S"] in self._unprocessed]
        request["Keys"] = [key for key in request["Keys"] if key not in left]
        answer = await self._client.batch_get_item(**arguments)
        return {**answer, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}


async def test_what_was_not_read_is_not_lost(dynamodb, clock):
    """A handler is not cancelled because DynamoDB had no time; what was read counts."""
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    held = await take_many(claims, 4)
    clock.advance(2 * LEASE)
    for claim in held[:2]:
        await take(claims, claim.key)
    busy = DynamoClaimStore(client=Overtaxed(dynamodb, {held[0].key, held[2].key}), table="ProcessedTable", clock=clock)
    assert list(await busy.find_lost(held)) == [held[1]]


async def test_two_claims_of_one_command_differ(dynamodb, clock, key):
    """A worker that got a command again after losing it unnoticed hears that the first claim is lost."""
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    late = await take(claims, key)
    clock.advance(2 * LEASE)
    current = await take(claims, key)
    assert list(await claims.find_lost([late, current])) == [late]


class Lagging:
    """Answers eventually consistent reads with an earlier owner, as a replica does that lags behind."""

    def __init__(self, client):
        self._client = client
        self.reads = []

    async def batch_get_item(self, **arguments):
        answer = await self._client.batch_get_item(**arguments)
        [(table, request)] = arguments["RequestItems"].items()
        self.reads.append(request["ConsistentRead"])
        if not request["ConsistentRead"]:
            for item in answer["Responses"][table]:
                item["owner"] = {"S": "an earlier owner"}
        return answer


async def test_a_stale_read_loses_no_claim(dynamodb, clock):
    """A claim that a replica does not know yet is read again, consistently; a lost one is found all the same."""
    lagging = Lagging(dynamodb)
    claims = DynamoClaimStore(client=lagging, table="ProcessedTable", clock=clock)
    held = await take_many(DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock), 2)
    assert list(await claims.find_lost(held)) == []
    clock.advance(2 * LEASE)
    await take(DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock), held[1].key)
    assert list(await claims.find_lost(held)) == [held[1]]
    assert lagging.reads == [False, True] * 2
