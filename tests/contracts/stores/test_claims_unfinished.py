"""Claims that ended without a word are counted: their workers may have died of the command."""

import asyncio

import pytest

from shared.aws.claims import DynamoClaimStore
from shared.claims import Claim
from shared.errors import TransientError
from tests.contracts.stores.claiming import LEASE, take


async def test_a_worker_that_died_is_counted(claims, clock, key):
    """Each claim that neither ended nor came back is one more, and an attempt as well."""
    first = await take(claims, key)
    assert (first.attempts, first.unfinished) == (1, 0)
    for number in (1, 2, 3):
        clock.advance(2 * LEASE)
        claim = await take(claims, key)
        assert (claim.attempts, claim.unfinished) == (number + 1, number)


@pytest.mark.parametrize("unspent", [True, False])
async def test_a_worker_that_gave_back_is_not_counted(claims, clock, key, unspent):
    """It is alive and said so: an attempt may have failed, but nobody died of it."""
    await claims.release(await take(claims, key), unspent=unspent)
    again = await take(claims, key)
    assert (again.attempts, again.unfinished) == (1 if unspent else 2, 0)
    clock.advance(2 * LEASE)
    await claims.release(await take(claims, key))
    assert (await take(claims, key)).unfinished == 1


async def test_a_late_give_back_takes_nothing_from_the_count(claims, clock, key):
    """Whoever lost its claim has no say in it any more."""
    late = await take(claims, key)
    clock.advance(2 * LEASE)
    current = await take(claims, key)
    await claims.release(late)
    await claims.release(current)
    assert (await take(claims, key)).unfinished == 1


async def test_a_refused_claim_is_not_counted(claims, clock, key):
    """Only who got the command can die of it."""
    await take(claims, key)
    await take(claims, key)
    await take(claims, key, "other")
    clock.advance(2 * LEASE)
    assert (await take(claims, key)).unfinished == 1


async def test_a_record_of_before_counts_from_now(emulator, dynamodb, clock, key):
    """Records that were written before this was counted have no such attribute, and no claim of them is held ill."""
    emulator.client("dynamodb").put_item(
        TableName="ProcessedTable",
        Item={"command_key": {"S": key}, "attempts": {"N": "2"}, "fingerprint": {"S": "print"}},
    )
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    claim = await take(claims, key)
    assert (claim.attempts, claim.unfinished) == (3, 0)
    clock.advance(2 * LEASE)
    assert (await take(claims, key)).unfinished == 1


async def test_a_claim_of_before_can_be_given_back(emulator, dynamodb, clock, key):
    """A worker of the new version gives back what one of the old version claimed, and the count stays above zero."""
    item = {"command_key": {"S": key}, "attempts": {"N": "1"}, "fingerprint": {"S": "print"}, "owner": {"S": "old"}}
    emulator.client("dynamodb").put_item(TableName="ProcessedTable", Item=item)
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    await claims.release(Claim(key, "old", 1))
    assert (await take(claims, key)).unfinished == 0


@pytest.mark.parametrize("error", ["cancelled", "silent"])
async def test_a_claim_whose_answer_was_lost_is_revoked(dynamodb, clock, key, monkeypatch, error):
    """A stop in the middle of a claim, and an answer that never came, leave the command free and nobody dead."""

    class Slow:
        """Writes, and keeps the answer of the first call to itself."""

        def __init__(self):
            self.written = asyncio.Event()

        async def update_item(self, **arguments):
            answer = await dynamodb.update_item(**arguments)
            if not self.written.is_set():
                self.written.set()
                await asyncio.sleep(60)
            return answer

    slow = Slow()
    store = DynamoClaimStore(client=slow, table="ProcessedTable", clock=clock)
    with monkeypatch.context() as patched:
        # Long enough for the write, on a busy machine too.
        patched.setattr("shared.aws.claims._DEADLINE_SECONDS", 60 if error == "cancelled" else 2)
        claiming = asyncio.create_task(take(store, key))
        await slow.written.wait()
        if error == "cancelled":
            claiming.cancel()
        with pytest.raises((asyncio.CancelledError, TransientError)):
            await claiming
    claim = await take(DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock), key)
    assert (claim.attempts, claim.unfinished) == (1, 0)
