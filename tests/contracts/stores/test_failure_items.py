"""How failures lie in their table: under keys that come and go, for as long as somebody needs them, in one piece."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.aws.items import from_item, to_item
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.ledger.payload_parts import make_part_id
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.ids import new_id
from shared.ledger.failures import FailureState
from shared.retention import FAILURE_RETENTION
from tests.contracts.stores import dead_letters
from tests.fakes.clock import NOON, FakeClock

OLD, NEW = "o" * 32, "n" * 32
DAY = timedelta(days=1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def ledger_with(dynamodb, clock):
    """Return a function that opens the ledger with some keys."""

    def make(*keys):
        return DynamoFailureLedger(client=dynamodb, table="FailuresTable", cipher=PayloadCipher(keys), clock=clock)

    return make


@pytest.fixture
def ledger(ledger_with):
    return ledger_with(OLD)


@pytest.fixture
def items_of(emulator):
    """Return a function that returns the items that a failure has, its own first."""

    def read(failure, max_bytes=9):
        keys = [failure.failure_id, *(make_part_id(failure.failure_id, number) for number in range(1, max_bytes))]
        client = emulator.client("dynamodb")
        answers = [client.get_item(TableName="FailuresTable", Key=to_item({"failure_id": key})) for key in keys]
        return [from_item(answer["Item"]) for answer in answers if "Item" in answer]

    return read


def make_dead_letter(size=10, **changes):
    """Return a failure whose payload takes about `size` bytes, however it is compressed."""
    return dead_letters.make_dead_letter(payload=incompressible(size), reason="bug", **changes)


def incompressible(size):
    return "".join(new_id() for _ in range(-(-size * 2 // 32)))[: size * 2]


async def turned(ledger, failure, state, **changes):
    new = replace(failure, state=state, version=failure.version + 1, **changes)
    assert await ledger.change(new)
    return new


def ends_of(items):
    return {item.get("expires_at") for item in items}


@pytest.mark.parametrize("size", [10, 400_000])
async def test_a_key_that_is_missing_costs_nothing_that_is_stored(ledger_with, items_of, size):
    """Whoever lacks it sees that something is there, may put it aside, and leaves all of it for who has the key."""
    failure = await ledger_with(OLD, NEW).record(make_dead_letter(size))
    blind = ledger_with(OLD)
    seen = await blind.get(failure.failure_id)
    assert (seen.payload, seen.reason) == ("", "bug")
    discarded = await turned(blind, seen, FailureState.DISCARDED)
    read = await ledger_with(OLD, NEW).get(failure.failure_id)
    assert (read.payload, read.state) == (failure.payload, FailureState.DISCARDED)
    assert len(ends_of(items_of(failure))) == 1
    again = await turned(blind, discarded, FailureState.FAILED)
    assert (await ledger_with(NEW).get(failure.failure_id)).payload == failure.payload
    assert again.payload == ""
    assert ends_of(items_of(failure)) == {None}


async def test_a_new_dead_letter_restores_an_undecryptable_payload(ledger_with):
    """It came once more, as a replay that failed: who lost the key can read that at the least."""
    first = await ledger_with(OLD).record(make_dead_letter())
    late = replace(first, last_at=NOON + DAY, audit_trail=(), version=0, payload="readable")
    await ledger_with(NEW).record(late)
    assert (await ledger_with(NEW).get(first.failure_id)).payload == "readable"


async def test_what_nobody_has_ended_stays(ledger, items_of):
    """However old it is."""
    failure = await ledger.record(make_dead_letter(400_000))
    await turned(ledger, failure, FailureState.REPLAYING, replays=1)
    items = items_of(failure)
    assert len(items) > 1
    assert ends_of(items) == {None}


async def test_retention_starts_at_the_entry_that_ended_the_failure(ledger, clock, items_of):
    """A look at it weeks later does not keep it for longer, and whoever takes it up again keeps it."""
    failure = await ledger.record(make_dead_letter(400_000))
    ended = clock.now() + FAILURE_RETENTION
    discarded = await turned(ledger, failure, FailureState.DISCARDED)
    assert ends_of(items_of(failure)) == {int(ended.timestamp())}
    clock.advance(30 * DAY)
    looked_at = await turned(ledger, discarded, FailureState.DISCARDED)
    assert ends_of(items_of(failure)) == {int(ended.timestamp())}
    await turned(ledger, looked_at, FailureState.REPLAYING, replays=1)
    assert ends_of(items_of(failure)) == {None}


async def test_what_a_replay_resolved_ends_whole(dynamodb, ledger, clock, items_of):
    """The worker that notes the outcome has no key, and knows of the further items by their number alone."""
    failure = await ledger.record(make_dead_letter(400_000))
    await turned(ledger, failure, FailureState.REPLAYING, replays=1)
    outcomes = DynamoReplayOutcomes(client=dynamodb, table="FailuresTable", queue="booking")
    await outcomes.record_resolved(failure.command_id, replay=1, at=clock.now())
    assert ends_of(items_of(failure)) == {int((clock.now() + FAILURE_RETENTION).timestamp())}


async def test_what_is_erased_while_it_is_resolved_leaves_nothing_behind(dynamodb, ledger, clock, items_of):
    """The worker dates the further items after it noted the outcome; those are gone by then."""
    failure = await ledger.record(make_dead_letter(400_000))
    replaying = await turned(ledger, failure, FailureState.REPLAYING, replays=1)

    class ErasedInBetween:
        async def update_item(self, **update):
            answer = await dynamodb.update_item(**update)
            if "parts" in answer.get("Attributes", {}):
                resolved = await ledger.get(failure.failure_id)
                await turned(ledger, resolved, FailureState.ERASED, payload="", audit_trail=())
            return answer

    outcomes = DynamoReplayOutcomes(client=ErasedInBetween(), table="FailuresTable", queue="booking")
    await outcomes.record_resolved(failure.command_id, replay=1, at=clock.now())
    assert (await ledger.get(failure.failure_id)).version == replaying.version + 2
    assert len(items_of(failure)) == 1


async def test_a_payload_that_becomes_shorter_leaves_no_rest(ledger, items_of):
    """What was in the further items would never be read again, nor end."""
    failure = await ledger.record(make_dead_letter(650_000))
    assert len(items_of(failure)) == 3
    shorter = await turned(ledger, failure, FailureState.FAILED, payload=incompressible(400_000))
    assert len(items_of(failure)) == 2
    shortest = await turned(ledger, shorter, FailureState.FAILED, payload="{}")
    assert len(items_of(failure)) == 1
    longer = await turned(ledger, shortest, FailureState.FAILED, payload=incompressible(650_000))
    assert len(items_of(failure)) == 3
    assert (await ledger.get(failure.failure_id)).payload == longer.payload
