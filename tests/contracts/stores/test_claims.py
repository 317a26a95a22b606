"""Claims: one worker per command, counted attempts, and how a command ends."""

import asyncio
from datetime import timedelta

import pytest

from shared.aws.claims import DynamoClaimStore
from shared.errors import LeaseLostError, TransientError
from shared.ids import new_id
from shared.ports import Busy, Claim, Done, Mismatch

LEASE = timedelta(seconds=30)


@pytest.fixture
def claims(stores):
    return stores.claims


@pytest.fixture
def key():
    return new_id()


async def take(claims, key, fingerprint="print"):
    return await claims.claim(key, fingerprint=fingerprint, lease=LEASE)


async def test_the_first_worker_gets_the_command(claims, key):
    """A command that nobody has is given out with attempt 1 and an owner token."""
    claim = await take(claims, key)
    assert isinstance(claim, Claim)
    assert (claim.key, claim.attempts) == (key, 1)
    assert claim.owner


async def test_a_command_in_work_is_busy_until_its_lease_ends(claims, clock, key):
    """The second worker hears until when the first one has it; after that it gets the command as attempt 2."""
    first = await take(claims, key)
    assert await take(claims, key) == Busy(clock.now() + LEASE)
    clock.turn(LEASE + timedelta(milliseconds=1))
    second = await take(claims, key)
    assert second.attempts == 2
    assert second.owner != first.owner


async def test_a_lease_counts_to_its_last_millisecond(claims, clock, key):
    """At the very instant at which a lease ends, the command is still the first worker's."""
    await take(claims, key)
    clock.turn(LEASE)
    assert isinstance(await take(claims, key), Busy)


async def test_an_extended_claim_stays_busy(claims, clock, key):
    """An extension counts from now, and the worker that extended keeps its attempt's number."""
    claim = await take(claims, key)
    clock.turn(timedelta(seconds=20))
    assert await claims.extend(claim, lease=LEASE)
    clock.turn(timedelta(seconds=20))
    assert await take(claims, key) == Busy(clock.now() + timedelta(seconds=10))


async def test_a_lost_claim_cannot_do_anything(claims, clock, key):
    """Once another has the command, the late worker can neither extend, release nor end it."""
    late = await take(claims, key)
    clock.turn(2 * LEASE)
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
    clock.turn(2 * LEASE)
    assert await claims.extend(claim, lease=LEASE)
    await claims.complete(claim)


async def test_a_released_command_is_free_at_once(claims, key):
    """The next claim need not wait for the lease, and counts as another attempt."""
    await claims.release(await take(claims, key))
    assert (await take(claims, key)).attempts == 2


async def test_an_ended_command_is_done_for_ever(claims, clock, key):
    """A command that was completed is never given out again, whatever time passes."""
    await claims.complete(await take(claims, key))
    clock.turn(timedelta(days=3))
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
    clock.turn(2 * LEASE)
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
    assert claim.attempts == 1
    assert await claims.extend(claim, lease=LEASE)


async def test_a_stop_is_seen_whenever_it_came(stores, claims, clock, key):
    """A wish to stop holds for a command in work as well as for one that no worker has seen yet."""
    assert await claims.stop_requested(key) is False
    await asyncio.to_thread(lambda: stores.stops.request_stop(key, now=clock.now()))
    assert await claims.stop_requested(key)
    claim = await take(claims, key)
    assert claim.attempts == 1
    await claims.complete(claim)
    assert await claims.stop_requested(key)


async def test_an_attempt_can_be_taken_back(claims, key):
    """A worker that is told to stop in the middle has not failed."""
    await claims.release(await take(claims, key), unspent=True)
    assert (await take(claims, key)).attempts == 1


# --- which claims were lost -----------------------------------------------------------------------------------------


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
    clock.turn(2 * LEASE)
    assert list(await claims.lost(held)) == []
    assert list(await claims.lost([])) == []


async def test_a_stolen_claim_is_lost(claims, clock):
    """Another worker took one of them over; the others are ours."""
    held = await take_many(claims, 3)
    clock.turn(2 * LEASE)
    successor = await take(claims, held[1].key)
    assert list(await claims.lost(held)) == [held[1]]
    assert list(await claims.lost([successor])) == []


async def test_a_claim_that_was_given_back_is_lost(claims):
    """Its record is there, and names nobody."""
    held = await take_many(claims, 2)
    await claims.release(held[0])
    assert list(await claims.lost(held)) == [held[0]]


async def test_an_ended_claim_is_not_lost(claims):
    """Its owner ended it, and stays the owner."""
    (held,) = await take_many(claims, 1)
    await claims.complete(held)
    assert list(await claims.lost([held])) == []


async def test_a_claim_without_a_record_is_lost(claims, erase):
    """Erasing a session takes its commands from their workers."""
    held = await take_many(claims, 3)
    await erase(held[2].key)
    assert list(await claims.lost(held)) == [held[2]]
    assert list(await claims.lost([Claim(new_id(), "nobody", 1)])) != []


async def test_many_claims_are_looked_at(claims, clock):
    """More than one read can ask for, with losses in each of the reads."""
    held = await take_many(claims, 205)
    gone = [held[0], held[99], held[100], held[204]]
    clock.turn(2 * LEASE)
    for claim in gone:
        await take(claims, claim.key)
    assert sorted(claim.key for claim in await claims.lost(held)) == sorted(claim.key for claim in gone)


class Overtaxed:
    """Leaves a part of every read undone, as DynamoDB does when it is asked for too much."""

    def __init__(self, client, unread):
        self._client = client
        self._unread = unread

    async def batch_get_item(self, **arguments):
        (table, request), *_ = arguments["RequestItems"].items()
        left = [key for key in request["Keys"] if key["command_key"]["S"] in self._unread]
        request["Keys"] = [key for key in request["Keys"] if key not in left]
        answer = await self._client.batch_get_item(**arguments)
        return {**answer, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}


async def test_what_was_not_read_is_not_lost(dynamodb, clock):
    """A handler is not cancelled because DynamoDB had no time; what was read counts."""
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    held = await take_many(claims, 4)
    clock.turn(2 * LEASE)
    for claim in held[:2]:
        await take(claims, claim.key)
    busy = DynamoClaimStore(client=Overtaxed(dynamodb, {held[0].key, held[2].key}), table="ProcessedTable", clock=clock)
    assert list(await busy.lost(held)) == [held[1]]


# Whether the reads are consistent can't be tested here: the emulator has one copy of everything.


# --- claims that ended without a word -------------------------------------------------------------------------------


async def test_a_worker_that_died_is_counted(claims, clock, key):
    """Each claim that neither ended nor came back is one more, and an attempt as well."""
    first = await take(claims, key)
    assert (first.attempts, first.unfinished) == (1, 0)
    for number in (1, 2, 3):
        clock.turn(2 * LEASE)
        claim = await take(claims, key)
        assert (claim.attempts, claim.unfinished) == (number + 1, number)


@pytest.mark.parametrize("unspent", [True, False])
async def test_a_worker_that_gave_back_is_not_counted(claims, clock, key, unspent):
    """It is alive and said so: an attempt may have failed, but nobody died of it."""
    await claims.release(await take(claims, key), unspent=unspent)
    again = await take(claims, key)
    assert (again.attempts, again.unfinished) == (1 if unspent else 2, 0)
    clock.turn(2 * LEASE)
    await claims.release(await take(claims, key))
    assert (await take(claims, key)).unfinished == 1


async def test_a_late_give_back_takes_nothing_from_the_count(claims, clock, key):
    """Whoever lost its claim has no say in it any more."""
    late = await take(claims, key)
    clock.turn(2 * LEASE)
    current = await take(claims, key)
    await claims.release(late)
    await claims.release(current)
    assert (await take(claims, key)).unfinished == 1


async def test_a_refused_claim_is_not_counted(claims, clock, key):
    """Only who got the command can die of it."""
    await take(claims, key)
    await take(claims, key)
    await take(claims, key, "other")
    clock.turn(2 * LEASE)
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
    clock.turn(2 * LEASE)
    assert (await take(claims, key)).unfinished == 1


async def test_a_claim_of_before_can_be_given_back(emulator, dynamodb, clock, key):
    """A worker of the new version gives back what one of the old version claimed, and the count stays above zero."""
    item = {"command_key": {"S": key}, "attempts": {"N": "1"}, "fingerprint": {"S": "print"}, "owner": {"S": "old"}}
    emulator.client("dynamodb").put_item(TableName="ProcessedTable", Item=item)
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    await claims.release(Claim(key, "old", 1))
    assert (await take(claims, key)).unfinished == 0


async def test_two_claims_of_one_command_are_told_apart(dynamodb, clock, key):
    """A worker that got a command again after losing it unnoticed hears that the first claim is lost."""
    claims = DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock)
    late = await take(claims, key)
    clock.turn(2 * LEASE)
    current = await take(claims, key)
    assert list(await claims.lost([late, current])) == [late]


@pytest.mark.parametrize("trouble", ["cancelled", "silent"])
async def test_a_claim_that_nobody_heard_of_is_taken_back(dynamodb, clock, key, monkeypatch, trouble):
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

    monkeypatch.setattr("shared.aws.claims._DEADLINE_SECONDS", 60 if trouble == "cancelled" else 0.3)
    slow = Slow()
    store = DynamoClaimStore(client=slow, table="ProcessedTable", clock=clock)
    claiming = asyncio.create_task(take(store, key))
    await slow.written.wait()
    if trouble == "cancelled":
        claiming.cancel()
    with pytest.raises((asyncio.CancelledError, TransientError)):
        await claiming
    claim = await take(DynamoClaimStore(client=dynamodb, table="ProcessedTable", clock=clock), key)
    assert (claim.attempts, claim.unfinished) == (1, 0)
