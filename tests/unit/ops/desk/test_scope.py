"""A person sees what is theirs, and can't tell what is another's from what is not there."""

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
async def nobodys(world):
    return await world.failed("nobodys", tenant=None, payload="not JSON")


async def every_action(desk, operator, failure_id):
    return [
        await desk.show(operator, failure_id),
        await desk.show(operator, failure_id, unmasked=True),
        await desk.forecast(operator, failure_id),
        await desk.replay(operator, failure_id),
        await desk.replay(operator, failure_id, again=True),
        await desk.edit(operator, failure_id, {"start": "2026-01-14T10:00"}),
        await desk.discard(operator, failure_id, "mine now"),
        await desk.replay_many(operator, [failure_id]),
    ]


async def test_a_foreign_failure_looks_like_none(world, foreign, nobodys):
    """Every action has the same answer for it as for an id that nobody has, and leaves no trace."""
    before = dict(world.ledger.rows)
    unknown = await every_action(world.desk, OWNER, "0" * 32)
    assert await every_action(world.desk, OWNER, foreign) == unknown
    assert await every_action(world.desk, OWNER, nobodys) == unknown
    assert unknown[3] == NotPossible(NotPossibleReason.UNKNOWN)
    assert (world.ledger.rows, world.replays.sent) == (before, [])


@pytest.mark.parametrize("tenants", [None, {"clinic"}, {"clinic", "salon"}, set()])
async def test_a_filter_never_reaches_further_than_the_person(world, foreign, nobodys, tenants):
    """Whatever tenants are asked for, only one's own are found, counted or replayed."""
    mine = await world.failed("mine")
    wanted = FailureFilter(tenants=tenants)
    expected = [mine] if tenants is None or "salon" in tenants else []
    found = await world.desk.find(OWNER, wanted)
    assert [failure.failure_id for failure in found.failures] == expected
    assert (await world.desk.stats(OWNER, wanted)).total == len(expected)
    await world.desk.replay_many(OWNER, wanted)
    assert len(world.replays.sent) == len(expected)


async def test_a_ledger_that_finds_too_much_shows_nobody_more(world, foreign, nobodys):
    """What a page brings is looked at once more: a filter that goes wrong below hands nothing over."""
    mine, find = await world.failed("mine"), world.ledger.find

    async def careless(wanted, **how):
        return await find(replace(wanted, tenants=None), **how)

    world.ledger.find = careless
    assert [failure.failure_id for failure in (await world.desk.find(OWNER)).failures] == [mine]
    assert (await world.desk.stats(OWNER, FailureFilter())).total == 1
    assert (await world.desk.replay_many(OWNER, FailureFilter())).replayed == 1


async def test_a_person_without_tenants_sees_nothing(world, foreign):
    """No tenants is not the same as all of them."""
    assert (await world.desk.find(Operator("guest", frozenset()))).failures == []


async def test_an_operator_sees_everything(world, foreign, nobodys):
    """Also what belongs to nobody, because it could not be read."""
    found = await world.desk.find(ANNA)
    assert {failure.failure_id for failure in found.failures} == {foreign, nobodys}


async def test_a_list_has_no_payloads(world):
    """What visitors said is shown by `show` alone, masked."""
    await world.failed()
    found = await world.desk.find(ANNA)
    assert [failure.payload for failure in found.failures] == [""]
