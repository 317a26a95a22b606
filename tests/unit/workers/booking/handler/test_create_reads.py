"""What a request for a time reads: our records at the same time, and the calendars only if those do not refuse it."""

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
    """An outage refuses only what depends on the calendar."""
    first = await world.create()
    suppressed = Suppression("bounced", since=world.clock.now(), until=world.clock.now() + timedelta(days=1))
    await world.suppressions.add("anna@example.com", suppressed)
    world.calendar.outage = PermanentError("calendar_access_revoked")
    again = await world.create()
    assert (again.type, again.data) == (first.type, first.data)
    assert (await world.create(contact="anna@example.com")).data.code == ErrorCode.INVALID_CONTACT
    with pytest.raises(PermanentError):
        await world.create("2026-01-14T10:00")


async def test_what_our_records_refuse_asks_no_calendar_for_its_time(world):
    """The time is taken, the contact has its holds, or the business is closed: no fresh answer is read for that."""
    for number, start in enumerate(("2026-01-13T10:00", "2026-01-14T10:00")):
        await world.held(start, session=f"another-{number}")
    world.calendar.fresh_reads.clear()
    occupied = await world.create("2026-01-13T10:00", contact="jan@example.com")
    full = await world.create("2026-01-15T10:00", session="third")
    closed = await world.create("2026-01-17T10:00", contact="jan@example.com")
    codes = [frame.data.code for frame in (occupied, full, closed)]
    assert codes == [ErrorCode.SLOT_TAKEN, ErrorCode.RATE_LIMITED, ErrorCode.INVALID_TIME]
    assert True not in world.calendar.fresh_reads


async def test_a_move_that_our_records_refuse_asks_no_calendar_for_its_time(world):
    """As for a request."""
    moved = await world.confirmed()
    await world.held("2026-01-14T10:00", session="another", contact="jan@example.com")
    world.calendar.fresh_reads.clear()
    refused = await world.send("reschedule", appointment_id=moved, start="2026-01-14T10:00")
    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert True not in world.calendar.fresh_reads
