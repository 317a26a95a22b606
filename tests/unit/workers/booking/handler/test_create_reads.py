"""What a request for a time reads: all at the same time, and nothing that it does not need can refuse it."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import PermanentError
from shared.messages.errors import ErrorCode
from shared.suppressions import Suppression
from tests.deadlines import DEADLINE_SECONDS

READS = (
    ("suppressions", "find"),
    ("appointments", "find_session_hold"),
    ("appointments", "find_occupied_times"),
    ("calendar", "find_busy_times"),
)


def meet(world, *reads):
    """Let each of the reads wait until all of them have begun."""
    missing, begun = {*reads}, asyncio.Event()

    def wait_for_others(port, name, read):
        async def read_with_others(*arguments, **options):
            missing.discard((port, name))
            if not missing:
                begun.set()
            await begun.wait()
            return await read(*arguments, **options)

        setattr(getattr(world, port), name, read_with_others)

    for port, name in reads:
        wait_for_others(port, name, getattr(getattr(world, port), name))


@pytest.mark.parametrize("reads", [READS, (("conversations", "get_tail"), ("connections", "list_connections"))])
async def test_the_reads_of_a_request_run_side_by_side(world, reads):
    """None of them waits for another, so the visitor waits for the slowest only."""
    meet(world, *reads)
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert (await world.create()).type == "booking.pending"


async def test_a_request_that_needs_no_calendar_is_answered_without_it(world):
    """The busy times are read before it is known whether they count: an outage refuses only what depends on them."""
    first = await world.create()
    suppressed = Suppression("bounced", since=world.clock.now(), until=world.clock.now() + timedelta(days=1))
    await world.suppressions.add("anna@example.com", suppressed)
    world.calendar.outage = PermanentError("calendar_access_revoked")
    again = await world.create()
    assert (again.type, again.data) == (first.type, first.data)
    assert (await world.create(contact="anna@example.com")).data.code == ErrorCode.INVALID_CONTACT
    with pytest.raises(PermanentError):
        await world.create("2026-01-14T10:00")


async def test_a_read_that_is_not_needed_is_cancelled(world):
    """A calendar that hangs does not hold back the answer to a repeated request."""
    first = await world.create()
    ended = []

    async def hang(*_, **__):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    world.calendar.find_busy_times = hang
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert (await world.create()).data == first.data
    assert ended == [True]
