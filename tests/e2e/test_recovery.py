"""The gateway, the queues and the tables stop for a moment, in the middle of visits: nothing is lost or doubled.

The table of all faults takes minutes: `make soak ARGS="-k recovery"`.
"""

import os
import signal

import pytest

from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.soak.recovery.effects import count_effects
from tests.soak.recovery.faults import Fault, Site
from tests.soak.recovery.run import open_visits, run_fault

pytestmark = pytest.mark.e2e


async def test_a_moment_without_emulator_costs_visitors_nothing_else(stack: Stack, backstage: Backstage):
    """Visitors who were in the middle of something get what they wanted, once."""
    pid = stack.children["emulator"].pid
    fault = Fault(
        "emulator stopped",
        1,
        begin=lambda _: os.kill(pid, signal.SIGSTOP),
        end=lambda _: os.kill(pid, signal.SIGCONT),
        early=1,
    )
    site = Site(stack, backstage)
    async with open_visits(site) as visits:
        await run_fault(fault, site, visits)
        effects = await count_effects(visits, site.backstage)
    assert [booking.is_confirmed for booking in visits.bookings] == [True] * 4
    assert (effects.lost, effects.doubled) == ([], [])
