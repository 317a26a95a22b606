"""The contract of the store of visit changes, in memory and in the table that all workers share."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ids import new_id
from tests.fakes.visit_changes import FakeVisitChanges
from workers.notifications.adapters.visit_changes import DynamoVisitChanges
from workers.notifications.domain import VisitChange

HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "dynamodb"])
def visit_changes(request):
    if request.param == "memory":
        return FakeVisitChanges()
    return DynamoVisitChanges(client=request.getfixturevalue("dynamodb"), table="LimitsTable")


@pytest.fixture
def visit():
    return new_id()


@pytest.fixture
def moved(clock):
    """Return a function that builds a move requested that many hours from now; each has another new start."""
    now, odd = clock.now(), timedelta(microseconds=499)

    def move(hours):
        requested_at = now + hours * HOUR + odd
        return VisitChange(requested_at=requested_at, new_start=requested_at + 24 * HOUR, expires_at=now + 500 * HOUR)

    return move


async def test_a_visit_without_a_change_has_no_row(visit_changes, visit):
    """`find_latest` returns None."""
    assert await visit_changes.find_latest(visit) is None


async def test_the_latest_move_counts(visit_changes, visit, moved):
    """In whatever order, and however often, the moves are recorded."""
    for number, latest in ((2, 2), (1, 2), (2, 2), (3, 3)):
        await visit_changes.record(visit, moved(number))
        assert await visit_changes.find_latest(visit) == moved(latest)
    assert await visit_changes.find_latest(f"{visit}x") is None


async def test_a_cancellation_is_final(visit_changes, visit, moved):
    """A move that was requested later does not replace it."""
    cancelled = VisitChange(requested_at=moved(1).requested_at, new_start=None, expires_at=moved(1).expires_at)
    for change in (moved(2), cancelled, moved(3)):
        await visit_changes.record(visit, change)

    assert await visit_changes.find_latest(visit) == cancelled


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (0, 1, 2), (1, 2, 0), (2, 0, 1)])
async def test_a_reinstatement_ends_an_earlier_cancellation(visit_changes, visit, moved, order):
    """In whatever order a move, the cancellation and the reinstatement are recorded; a later cancellation is final."""
    cancelled = VisitChange(requested_at=moved(1).requested_at, new_start=None, expires_at=moved(1).expires_at)
    reinstated = replace(moved(2), reinstated_at=moved(2).requested_at)
    changes = (moved(0), cancelled, reinstated)
    for number in order:
        await visit_changes.record(visit, changes[number])
    assert await visit_changes.find_latest(visit) == reinstated

    finally_cancelled = replace(cancelled, requested_at=moved(3).requested_at)
    for change in (finally_cancelled, reinstated):
        await visit_changes.record(visit, change)
    latest = await visit_changes.find_latest(visit)
    assert latest == replace(finally_cancelled, reinstated_at=moved(2).requested_at)


async def test_a_later_move_does_not_bring_an_ended_cancellation_back(visit_changes, visit, moved):
    """The notice of the cancellation waits, and is recorded again when it is due."""
    cancelled = VisitChange(requested_at=moved(1).requested_at, new_start=None, expires_at=moved(1).expires_at)
    reinstated_at = moved(2).requested_at
    for change in (cancelled, replace(moved(2), reinstated_at=reinstated_at), moved(3), cancelled):
        await visit_changes.record(visit, change)

    assert await visit_changes.find_latest(visit) == replace(moved(3), reinstated_at=reinstated_at)


async def test_what_the_visitor_knows_is_from_before_the_first_change(visit_changes, visit, moved):
    """Of which they have not heard, in whatever order the changes are recorded; then from the last notice."""

    def by_business(hours):
        return replace(moved(hours), known_start=moved(hours).requested_at + 300 * HOUR)

    async def knows():
        return (await visit_changes.find_latest(visit)).known_start

    for number, first in ((2, 2), (3, 2), (1, 1), (2, 1), (0, 0)):
        await visit_changes.record(visit, by_business(number))
        assert await knows() == by_business(first).known_start, number
    await visit_changes.mark_known(visit, moved(3).new_start)
    for number in (3, 1, 4, 5):
        await visit_changes.record(visit, by_business(number))
        assert await knows() == moved(3).new_start, number
    own = replace(moved(6), known_start=moved(6).new_start, is_known=True)
    for change in (own, by_business(2), by_business(7)):
        await visit_changes.record(visit, change)
        assert await knows() == own.new_start
    assert (await visit_changes.find_latest(visit)).new_start == moved(7).new_start
    await visit_changes.mark_known(visit, None)
    assert await knows() is None
    await visit_changes.mark_known(f"{visit}x", moved(1).new_start)
    assert await visit_changes.find_latest(f"{visit}x") is None


async def test_a_row_expires_after_the_visit(dynamodb, visit, moved):
    """It has a time to live, and holds no data of the visitor."""
    await DynamoVisitChanges(client=dynamodb, table="LimitsTable").record(visit, moved(1))
    key = {"quota": {"S": f"visit#{visit}"}, "seat": {"N": "0"}}
    item = (await dynamodb.get_item(TableName="LimitsTable", Key=key))["Item"]

    assert set(item) == {"quota", "seat", "changed_at", "moved_to", "expires_at"}
    assert item["expires_at"]["N"] == str(int(moved(1).expires_at.timestamp()))
