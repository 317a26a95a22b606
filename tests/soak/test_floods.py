"""Floods of real processes: everybody else is served, and a flood costs what its limits say (`make bench-floods`)."""

import asyncio
import math
import os

import pytest

from bench.floods.harness import Harness, Plan
from bench.floods.report import format_table
from bench.floods.world import open_world
from shared.tenants.rate_limits import DEFAULTS

pytestmark = pytest.mark.soak

NOT_LEASED = 17
"""By how much each environment may exceed the budget of a business."""


@pytest.fixture
def environment():
    """Restore the variables that the harness sets for the ingress in this process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize(
    ("crowd", "limit"),
    [("session", DEFAULTS["session.chats"]), ("address", DEFAULTS["address.chats"]), ("tenant", None)],
)
def test_others_are_served_during_a_flood_of_messages(environment, tmp_path, crowd, limit):
    """Each visitor of others gets words, times, a hold and a code; the flood is let in up to its limit."""

    async def run():
        plan = Plan(before_seconds=6, crowds=f"one {crowd}", kinds="chats")
        async with open_world("fast", tmp_path, {}) as world:
            harness = Harness(world, plan)
            await harness.run()
            return harness.rows

    [row] = asyncio.run(run())
    print(f"\n{format_table([row])}")
    waits = [wait for period in (row.before, row.during) for waits in period.by_metric.values() for wait in waits]
    assert waits
    assert all(map(math.isfinite, waits)), row.during.ends
    environments = 16
    allowed = limit + NOT_LEASED if limit else DEFAULTS["business.chats"] + environments * NOT_LEASED
    # The six seconds may be in two minutes.
    assert 0 < row.result["answers"]["accepted"] <= 2 * allowed
