"""Failures are discarded, with a reason in the audit trail."""

import pytest

from ops.desk.domain.values import Discarded, NotPossible, NotPossibleReason
from shared.ledger.failures import FailureState
from tests.fakes.desk import ANNA


async def test_a_discarded_failure_keeps_its_reason(world):
    """The audit trail says who discarded it and why."""
    one = await world.failed()
    assert isinstance(await world.desk.discard_failure(ANNA, one, " the visitor\ncalled "), Discarded)
    kept = world.kept(one)
    assert kept.state is FailureState.DISCARDED
    assert (kept.audit_trail[-1].by, kept.audit_trail[-1].note) == ("anna", "the visitor called")


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
async def test_a_reason_is_required(world, reason):
    """Nothing is written without one."""
    one = await world.failed()
    assert await world.desk.discard_failure(ANNA, one, reason) == NotPossible(NotPossibleReason.NO_REASON)
    assert world.kept(one).state is FailureState.FAILED


async def test_a_long_reason_is_shortened(world):
    """An audit trail of fifty entries has to fit into one item of the table."""
    one = await world.failed()
    await world.desk.discard_failure(ANNA, one, "a" * 299 + "bcd")
    assert world.kept(one).audit_trail[-1].note == "a" * 299 + "b"


async def test_running_and_ended_failures_are_not_discarded(world):
    """The outcome would be overwritten."""
    one, two = await world.failed(), await world.failed("k2")
    await world.desk.replay_failure(ANNA, one)
    assert (await world.desk.discard_failure(ANNA, one, "x")).why is NotPossibleReason.REPLAYING
    await world.desk.discard_failure(ANNA, two, "x")
    assert (await world.desk.discard_failure(ANNA, two, "y")).why is NotPossibleReason.ENDED
