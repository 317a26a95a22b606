"""A visitor books while the business's calendar does not answer."""

import asyncio

import pytest

from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.booking import free_slot, fresh_address
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


async def test_a_time_is_held_although_the_calendar_is_frozen(visit: Visit, backstage: Backstage):
    """By what it said a moment ago, long before it answers; what the visitor hears meanwhile is `progress` at most."""
    async with visit(greet=False) as visitor:
        await visitor.hello(locale="en", capabilities=["progress"])
        slot = await free_slot(visitor)
        backstage.calendar_fault(kind="stall", times=50, seconds=1.5 * DEADLINE_SECONDS, path="list")
        try:
            request = {"start": slot["start"], "service": slot["service"], "contact": fresh_address()}
            began = asyncio.get_running_loop().time()
            sent_id = await visitor.send("booking.create", request)
            heard = await visitor.until("progress", "booking.pending", "error", re=sent_id)
            took = asyncio.get_running_loop().time() - began
            ended = heard
            if heard["type"] == "progress":
                ended = await visitor.until("booking.pending", "error", re=sent_id)
        finally:
            backstage.clear_calendar_faults()
    assert ended["type"] == "booking.pending"
    # Three seconds of it are the wait for the calendar; the rest is what a busy machine needs.
    assert took < DEADLINE_SECONDS
