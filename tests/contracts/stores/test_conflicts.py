"""Transactions that DynamoDB cancels because of a concurrent one: they cost a retry, never the time.

The emulator runs transactions one after the other and so never has a conflict; here they are put in between.
"""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from shared.errors import TransientError
from tests.contracts.stores.bookings import Desk, cancelled, confirmed, moved
from workers.booking.ports import SlotLost

MORE_THAN_ARE_BORNE = 50
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.parametrize("stores", ["dynamodb"], indirect=True)


class Contended:
    """A DynamoDB client that cancels its next transactions as AWS does: nothing is written."""

    def __init__(self, client):
        self._client = client
        self.conflicts = 0
        """How many of the next transactions have a conflict."""
        self.first_ones_of_each = 0
        """How many transactions of each appointment have a conflict, from now on."""
        self._met = Counter()
        self.transactions = 0

    async def transact_write_items(self, TransactItems, **more):  # noqa: N803 - the vendor's spelling
        self.transactions += 1
        whose = str(next(item["Put"]["Item"]["appointment_id"] for item in TransactItems if "Put" in item))
        if self.conflicts or self._met[whose] < self.first_ones_of_each:
            self.conflicts = max(self.conflicts - 1, 0)
            self._met[whose] += 1
            raise conflict(len(TransactItems))
        return await self._client.transact_write_items(TransactItems=TransactItems, **more)

    def __getattr__(self, name):
        return getattr(self._client, name)


def conflict(items):
    """Return DynamoDB's error: the last item has a conflict, the others have none."""
    none, met = {"Code": "None"}, {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    answer = {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "CancellationReasons": [none] * (items - 1) + [met],
    }
    return ClientError(answer, "TransactWriteItems")


@pytest.fixture
def dynamodb(dynamodb):
    return Contended(dynamodb)


@pytest.fixture
def desk(stores, clock):
    return Desk(stores, clock)


async def hold(desk, _):
    visit = desk.visit()
    return visit, lambda: desk.hold(visit)


async def confirm(desk, held):
    changed, claim = confirmed(held), await desk.claim()
    return changed, lambda: desk.store.confirm(changed, claim=claim)


async def move(desk, held):
    changed, claim = moved(held, HOUR), await desk.claim()
    return changed, lambda: desk.store.move(held, changed, at=desk.clock.now(), claim=claim)


async def cancel(desk, held):
    changed, claim = cancelled(held), await desk.claim()
    return changed, lambda: desk.store.cancel(changed, claim=claim)


WRITES = pytest.mark.parametrize("write", [hold, confirm, move, cancel])


async def prepared(desk, write):
    """Return what the write leaves behind, the write itself, and the state before it."""
    before = None if write is hold else await desk.held()
    after, action = await write(desk, before)
    return before, after, action


def minutes_of(write):
    return {cancel: [], move: [(60, 120)]}.get(write, [(0, 60)])


@WRITES
@pytest.mark.parametrize("conflicts", [1, 3])
async def test_a_conflict_costs_a_retry(desk, dynamodb, write, conflicts):
    """The write succeeds for its caller, and the time is occupied."""
    _, after, action = await prepared(desk, write)
    dynamodb.conflicts, dynamodb.transactions = conflicts, 0

    assert await action() is None

    assert dynamodb.transactions == conflicts + 1
    assert await desk.stored(after) == after
    assert await desk.occupied_minutes() == minutes_of(write)


@WRITES
async def test_permanent_conflicts_change_nothing(desk, dynamodb, write):
    """The queue retries the command later, and then it succeeds."""
    before, after, action = await prepared(desk, write)
    dynamodb.conflicts = MORE_THAN_ARE_BORNE
    with pytest.raises(TransientError):
        await action()
    dynamodb.conflicts = 0
    assert await desk.stored(after) == before
    assert await desk.occupied_minutes() == ([(0, 60)] if before else [])

    assert await action() is None
    assert await desk.stored(after) == after
    assert await desk.occupied_minutes() == minutes_of(write)


async def test_a_lost_time_stays_lost_despite_conflicts(desk, dynamodb):
    """A retry finds the other visit there and does not overwrite it."""
    other = await desk.held()
    dynamodb.conflicts = 2
    late = desk.visit()

    assert await desk.hold(late) == SlotLost()

    assert dynamodb.conflicts == 0
    assert (await desk.stored(other), await desk.stored(late)) == (other, None)


async def test_one_of_ten_gets_the_time_although_all_have_conflicts(desk, dynamodb):
    """Ten concurrent visitors: one winner, no shared minute, and no refusal because of a conflict alone."""
    dynamodb.first_ones_of_each = 2
    visits = [desk.visit() for _ in range(10)]
    answers = await asyncio.gather(*(desk.hold(visit) for visit in visits))

    assert [answer for answer in answers if answer is not None] == [SlotLost()] * 9
    [winner] = [visit for visit, answer in zip(visits, answers, strict=True) if answer is None]
    assert await desk.stored(winner) == winner
    assert await desk.occupied_minutes() == [(0, 60)]
