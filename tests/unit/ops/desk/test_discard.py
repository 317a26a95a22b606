"""A failure is put aside, for a reason that stays."""

import pytest

from ops.desk.domain.values import Discarded, NotPossible, NotPossibleReason
from shared.ledger.failures import FailureState
from tests.fakes.desk import ANNA


async def test_a_discarded_failure_stays_with_its_reason(world):
    """Who put it aside, and why, can be read later."""
    one = await world.failed()
    assert isinstance(await world.desk.discard(ANNA, one, " the visitor\ncalled "), Discarded)
    kept = world.kept(one)
    assert kept.state is FailureState.DISCARDED
    assert (kept.audit_trail[-1].by, kept.audit_trail[-1].note) == ("anna", "the visitor called")


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
async def test_a_reason_is_needed(world, reason):
    """Nothing is written without one."""
    one = await world.failed()
    assert await world.desk.discard(ANNA, one, reason) == NotPossible(NotPossibleReason.NO_REASON)
    assert world.kept(one).state is FailureState.FAILED


async def test_a_long_reason_keeps_its_beginning(world):
    """A story has fifty lines and one item of a table."""
    one = await world.failed()
    await world.desk.discard(ANNA, one, "a" * 299 + "bcd")
    assert world.kept(one).audit_trail[-1].note == "a" * 299 + "b"


async def test_what_is_under_way_or_over_is_not_discarded(world):
    """Its outcome would be overwritten."""
    one, two = await world.failed(), await world.failed("k2")
    await world.desk.replay(ANNA, one)
    assert (await world.desk.discard(ANNA, one, "x")).why is NotPossibleReason.REPLAYING
    await world.desk.discard(ANNA, two, "x")
    assert (await world.desk.discard(ANNA, two, "y")).why is NotPossibleReason.ENDED
