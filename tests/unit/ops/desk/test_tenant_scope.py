"""Operators see the failures of their tenants, and others look like unknown ids."""

from dataclasses import replace

import pytest

from ops.desk.domain.values import NotPossible, NotPossibleReason, Operator
from shared.ledger.failures import FailureFilter
from tests.fakes.desk import ANNA

OWNER = Operator("owner", frozenset({"salon"}))


@pytest.fixture
async def foreign(world):
    return await world.failed("theirs", tenant="clinic")


@pytest.fixture
async def without_tenant(world):
    return await world.failed("without tenant", tenant=None, payload="not JSON")


async def every_action(desk, operator, failure_id):
    return [
        await desk.show_failure(operator, failure_id),
        await desk.show_failure(operator, failure_id, unmasked=True),
        await desk.forecast_replay(operator, failure_id),
        await desk.replay_failure(operator, failure_id),
        await desk.replay_failure(operator, failure_id, again=True),
        await desk.edit_failure(operator, failure_id, {"start": "2026-01-14T10:00"}),
        await desk.discard_failure(operator, failure_id, "mine now"),
        await desk.replay_failures(operator, [failure_id]),
    ]


async def test_a_foreign_failure_looks_unknown(world, foreign, without_tenant):
    """Every action has the same result as for an unknown id, and changes nothing."""
    before = dict(world.ledger.rows)
    unknown = await every_action(world.desk, OWNER, "0" * 32)
    assert await every_action(world.desk, OWNER, foreign) == unknown
    assert await every_action(world.desk, OWNER, without_tenant) == unknown
    assert unknown[3] == NotPossible(NotPossibleReason.UNKNOWN)
    assert (world.ledger.rows, world.replays.sent) == (before, [])


@pytest.mark.parametrize("tenants", [None, {"clinic"}, {"clinic", "salon"}, set()])
async def test_a_filter_is_restricted_to_the_operators_tenants(world, foreign, without_tenant, tenants):
    """Only these are found, counted or replayed, whatever tenants the filter has."""
    mine = await world.failed("mine")
    failure_filter = FailureFilter(tenants=tenants)
    expected = [mine] if tenants is None or "salon" in tenants else []
    found = await world.desk.find_failures(OWNER, failure_filter)
    assert [failure.failure_id for failure in found.failures] == expected
    assert (await world.desk.count_failures(OWNER, failure_filter)).total == len(expected)
    await world.desk.replay_failures(OWNER, failure_filter)
    assert len(world.replays.sent) == len(expected)


async def test_each_failure_is_checked_again(world, foreign, without_tenant):
    """A search of the ledger that returns too much shows no foreign failures."""
    mine, find = await world.failed("mine"), world.ledger.find

    async def find_all_tenants(failure_filter, **options):
        return await find(replace(failure_filter, tenants=None), **options)

    world.ledger.find = find_all_tenants
    assert [failure.failure_id for failure in (await world.desk.find_failures(OWNER)).failures] == [mine]
    assert (await world.desk.count_failures(OWNER, FailureFilter())).total == 1
    assert (await world.desk.replay_failures(OWNER, FailureFilter())).replayed == 1


async def test_an_operator_without_tenants_sees_nothing(world, foreign):
    """An empty set of tenants does not mean all tenants."""
    assert (await world.desk.find_failures(Operator("guest", frozenset()))).failures == []


async def test_an_operator_of_all_tenants_sees_everything(world, foreign, without_tenant):
    """Also failures without a tenant, whose message is unreadable."""
    found = await world.desk.find_failures(ANNA)
    assert {failure.failure_id for failure in found.failures} == {foreign, without_tenant}


async def test_a_list_has_no_payloads(world):
    """Only `show` returns the content of messages, masked."""
    await world.failed()
    found = await world.desk.find_failures(ANNA)
    assert [failure.payload for failure in found.failures] == [""]
