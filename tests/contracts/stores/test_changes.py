"""What became of visits, in memory and in the table that all workers share."""

from datetime import timedelta

import pytest

from shared.ids import new_id
from tests.fakes.changes import FakeChanges
from workers.notifications.adapters.changes import DynamoChanges
from workers.notifications.domain import Change

HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "dynamodb"])
def changes(request):
    if request.param == "memory":
        return FakeChanges()
    return DynamoChanges(client=request.getfixturevalue("dynamodb"), table="LimitsTable")


@pytest.fixture
def visit():
    return new_id()


@pytest.fixture
def moved(clock):
    """Return a function that makes a move, so many hours from now, to a time of its own."""
    now, odd = clock.now(), timedelta(microseconds=499)

    def move(hours):
        at = now + hours * HOUR + odd
        return Change(at=at, start=at + 24 * HOUR, forgotten_at=now + 500 * HOUR)

    return move


async def test_a_visit_that_never_changed_is_not_known(changes, visit):
    """There is nothing to say of it."""
    assert await changes.last(visit) is None


async def test_the_latest_move_counts(changes, visit, moved):
    """Whichever comes first, and however often."""
    for number, kept in ((2, 2), (1, 2), (2, 2), (3, 3)):
        await changes.note(visit, moved(number))
        assert await changes.last(visit) == moved(kept)
    assert await changes.last(f"{visit}x") is None


async def test_a_cancelled_visit_stays_so(changes, visit, moved):
    """Also where a move was asked for later."""
    cancelled = Change(at=moved(1).at, start=None, forgotten_at=moved(1).forgotten_at)
    for change in (moved(2), cancelled, moved(3)):
        await changes.note(visit, change)

    assert await changes.last(visit) == cancelled


async def test_the_table_forgets_it_after_the_visit(dynamodb, visit, moved):
    """By its time to live; nothing of the visitor is there."""
    await DynamoChanges(client=dynamodb, table="LimitsTable").note(visit, moved(1))
    key = {"quota": {"S": f"visit#{visit}"}, "seat": {"N": "0"}}
    item = (await dynamodb.get_item(TableName="LimitsTable", Key=key))["Item"]

    assert set(item) == {"quota", "seat", "changed_at", "moved_to", "expires_at"}
    assert item["expires_at"]["N"] == str(int(moved(1).forgotten_at.timestamp()))
