"""Claims: one worker per command, counted attempts, and how a command ends."""

import asyncio
from datetime import timedelta

import pytest

from shared.aws.claims import DynamoClaimStore
from shared.claims import Busy, Claim, Done, Mismatch
from shared.errors import LeaseLostError
from shared.ids import new_id
from tests.contracts.stores.claiming import LEASE, take


async def test_the_first_worker_gets_the_command(claims, key):
    """A command that nobody has is given out with attempt 1 and an owner token."""
    claim = await take(claims, key)
    assert isinstance(claim, Claim)
    assert (claim.key, claim.attempts, claim.is_stop_requested) == (key, 1, False)
    assert claim.owner


async def test_only_the_first_claim_is_the_first(stores, claims, clock, key):
    """No later one is, however the earlier one ended: what it left behind has to be looked for."""
    await asyncio.to_thread(lambda: stores.stops.request_stop(key, now=clock.now()))
    first = await take(claims, key)
    await claims.release(first, unspent=True)
    released = await take(claims, key)
    clock.advance(2 * LEASE)
    assert [first.is_first, released.is_first, (await take(claims, key)).is_first] == [True, False, False]


async def test_a_command_in_work_is_busy_until_its_lease_ends(claims, clock, key):
    """The second worker hears until when the first one has it; after that it gets the command as attempt 2."""
    first = await take(claims, key)
    assert await take(claims, key) == Busy(clock.now() + LEASE)
    clock.advance(LEASE + timedelta(milliseconds=1))
    second = await take(claims, key)
    assert second.attempts == 2
    assert second.owner != first.owner


async def test_a_lease_counts_to_its_last_millisecond(claims, clock, key):
    """At the very instant at which a lease ends, the command is still the first worker's."""
    await take(claims, key)
    clock.advance(LEASE)
    assert isinstance(await take(claims, key), Busy)


async def test_an_extended_claim_stays_busy(claims, clock, key):
    """An extension counts from now, and the worker that extended keeps its attempt's number."""
    claim = await take(claims, key)
    clock.advance(timedelta(seconds=20))
    assert await claims.extend(claim, lease=LEASE)
    clock.advance(timedelta(seconds=20))
    assert await take(claims, key) == Busy(clock.now() + timedelta(seconds=10))


async def test_a_lost_claim_cannot_do_anything(claims, clock, key):
    """Once another has the command, the late worker can neither extend, release nor end it."""
    late = await take(claims, key)
    clock.advance(2 * LEASE)
    current = await take(claims, key)
    assert await claims.extend(late, lease=LEASE) is False
    await claims.release(late)
    assert isinstance(await take(claims, key), Busy)
    with pytest.raises(LeaseLostError):
        await claims.complete(late)
    await claims.complete(current)
    assert await take(claims, key) == Done(None)


async def test_a_late_worker_may_finish_while_nobody_else_came(claims, clock, key):
    """A lease that ran out is no loss by itself: without a successor the work may still be ended."""
    claim = await take(claims, key)
    clock.advance(2 * LEASE)
    assert await claims.extend(claim, lease=LEASE)
    await claims.complete(claim)


async def test_a_released_command_is_free_at_once(claims, key):
    """The next claim need not wait for the lease, and counts as another attempt."""
    await claims.release(await take(claims, key))
    assert (await take(claims, key)).attempts == 2


async def test_an_ended_command_is_done_for_ever(claims, clock, key):
    """A command that was completed is never given out again, whatever time passes."""
    await claims.complete(await take(claims, key))
    clock.advance(timedelta(days=3))
    assert await take(claims, key) == Done(None)


async def test_an_id_with_another_payload_is_a_mismatch(claims, key):
    """The same key with other content is refused in every state, and does not count as an attempt."""
    claim = await take(claims, key)
    assert await take(claims, key, "other") == Mismatch()
    await claims.release(claim)
    assert await take(claims, key, "other") == Mismatch()
    claim = await take(claims, key)
    assert claim.attempts == 2
    await claims.complete(claim)
    assert await take(claims, key, "other") == Mismatch()


async def test_an_unknown_claim_cannot_be_extended(claims, key):
    """A claim whose record was erased is lost, not recreated."""
    ghost = Claim(key=key, owner="nobody", attempts=1)
    assert await claims.extend(ghost, lease=LEASE) is False
    await claims.release(ghost)
    with pytest.raises(LeaseLostError):
        await claims.complete(ghost)
    assert (await take(claims, key)).attempts == 1


@pytest.mark.parametrize("workers", [2, 50])
async def test_one_of_many_wins(claims, key, workers):
    """However many claim the same command at once, one gets it and the others hear that it is busy."""
    answers = await asyncio.gather(*(take(claims, key) for _ in range(workers)))
    won = [answer for answer in answers if isinstance(answer, Claim)]
    assert [claim.attempts for claim in won] == [1]
    assert sum(isinstance(answer, Busy) for answer in answers) == workers - 1


async def test_one_of_many_takes_over_a_stale_claim(claims, clock, key):
    """When a lease has run out, again only one of the waiting workers gets the command."""
    await take(claims, key)
    clock.advance(2 * LEASE)
    answers = await asyncio.gather(*(take(claims, key) for _ in range(10)))
    assert [answer.attempts for answer in answers if isinstance(answer, Claim)] == [2]


class Resending:
    """Sends every write twice, as a client does whose first answer got lost."""

    def __init__(self, client):
        self._client = client

    async def update_item(self, **arguments):
        await self._client.update_item(**arguments)
        return await self._client.update_item(**arguments)


async def test_a_claim_whose_answer_got_lost_is_ours(dynamodb, clock, key):
    """When the client itself sends the claim again, the worker gets its command and does not wait for itself."""
    claims = DynamoClaimStore(client=Resending(dynamodb), table="ProcessedTable", clock=clock)
    claim = await take(claims, key)
    assert isinstance(claim, Claim)
    assert (claim.attempts, claim.unfinished, claim.is_first) == (1, 0, False)
    assert await claims.extend(claim, lease=LEASE)


async def test_stops_of_many_commands_are_found_at_once(stores, claims, clock):
    """More commands than one read takes, running or not; none asked, none found."""
    keys = [new_id() for _ in range(201)]
    await take(claims, keys[1])
    for key in (keys[0], keys[150], keys[200]):
        await asyncio.to_thread(stores.stops.request_stop, key, now=clock.now())
    assert set(await claims.find_stop_requests(keys)) == {keys[0], keys[150], keys[200]}
    assert set(await claims.find_stop_requests(keys[1:150])) == set()
    assert set(await claims.find_stop_requests([])) == set()


async def test_a_stop_is_seen_whenever_it_came(stores, claims, clock, key):
    """A stop request holds for a running command and for one that no worker has received yet."""
    assert await claims.is_stop_requested(key) is False
    await asyncio.to_thread(lambda: stores.stops.request_stop(key, now=clock.now()))
    assert await claims.is_stop_requested(key)
    claim = await take(claims, key)
    assert (claim.attempts, claim.is_stop_requested) == (1, True)
    await claims.complete(claim)
    assert await claims.is_stop_requested(key)


async def test_an_attempt_can_be_revoked(claims, key):
    """A worker that is told to stop in the middle has not failed."""
    await claims.release(await take(claims, key), unspent=True)
    assert (await take(claims, key)).attempts == 1


async def test_how_a_command_has_ended(claims, key):
    """Open before and while it is claimed; then carried out, or given up."""
    assert await claims.find_end(key) == "open"
    claim = await take(claims, key)
    assert await claims.find_end(key) == "open"
    await claims.complete(claim)
    assert await claims.find_end(key) == "carried_out"
    other = await take(claims, f"{key}-2")
    await claims.complete(other, is_carried_out=False)
    assert await claims.find_end(f"{key}-2") == "given_up"
    assert isinstance(await take(claims, f"{key}-2"), Done)
