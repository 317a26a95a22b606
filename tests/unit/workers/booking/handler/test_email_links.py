"""A link in an e-mail works until its visit begins, whatever time the visit has by now; it changes nothing twice."""

from dataclasses import asdict

import pytest

from shared.email_links import Links
from shared.languages.available import SHARED
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import KEY, TENANT
from tests.unit.workers.booking.handler.owner import DAY, HOUR, LATER, NINE_UTC, follow
from workers.booking.domain.values import Interval

BY_PURPOSE = {"cancel": ("cancel", {}), "move": ("reschedule", {"start": "2026-01-14T10:00"})}


@pytest.fixture
def links(visited):
    """Return the tokens of the confirmation e-mail, as the release before issued them: until the visit begins."""
    return {
        purpose: Links(KEY).issue(
            purpose, tenant=TENANT, appointment_id=visited.appointment_id, session_id="session", expires_at=NINE_UTC
        )
        for purpose in BY_PURPOSE
    }


async def follow_link(world, links, purpose):
    kind, data = BY_PURPOSE[purpose]
    return await world.send(kind, session="phone", link=links[purpose], **data)


async def snapshot(world):
    """Return all that a visitor's command could change."""
    return (
        asdict(await world.appointment(world.appointment_id)),
        dict(world.appointments.buckets),
        [asdict(event) for event in world.events],
        dict(world.schedules.planned),
        list(world.notice_types),
    )


async def move_visit(world, how):
    if how == "owner_later":
        world.calendar.owner_moves(world.appointment_id, LATER)
        await follow(world)
    elif how == "owner_earlier":
        world.calendar.owner_moves(world.appointment_id, Interval(NINE_UTC - HOUR, NINE_UTC))
        await follow(world)
    elif how == "visitor_later":
        await world.send("reschedule", appointment_id=world.appointment_id, start="2026-01-13T13:00")


@pytest.mark.parametrize("purpose", BY_PURPOSE)
@pytest.mark.parametrize("how", ["owner_later", "owner_earlier", "visitor_later", "nobody"])
async def test_a_link_works_until_the_visit_begins_whoever_moved_it(visited, links, purpose, how):
    """To the second; then the refusal says that it has begun, and nothing changes."""
    await move_visit(visited, how)
    begins = (await visited.appointment(visited.appointment_id)).start
    visited.clock.set(begins)
    before = await snapshot(visited)
    late = await follow_link(visited, links, purpose)
    assert (late.data.code, late.data.message) == (
        ErrorCode.INVALID_TIME,
        SHARED.get_texts("pl")("refusal_about_begun"),
    )
    details = (await visited.ask("lookup", link=links[purpose]))["data"]
    assert (details["state"], details["can_cancel"], details["can_reschedule"]) == ("confirmed", False, False)
    assert await snapshot(visited) == before

    visited.clock.set(begins - HOUR / 3600)
    on_time = await follow_link(visited, links, purpose)
    assert on_time.type == {"cancel": "booking.cancelled", "move": "booking.rescheduled"}[purpose]


@pytest.mark.parametrize("purpose", BY_PURPOSE)
async def test_following_a_link_again_or_late_changes_nothing(visited, links, purpose):
    """The same answer, one notice; a mail scanner that opens the page only asks how the visit stands."""
    first = await follow_link(visited, links, purpose)
    before = await snapshot(visited)
    for later in (0 * HOUR, HOUR, 100 * DAY):
        visited.clock.advance(later)
        again = await follow_link(visited, links, purpose)
        await visited.ask("lookup", link=links[purpose])
        assert later > HOUR or (again.type, again.data.start) == (first.type, first.data.start)
        assert await snapshot(visited) == before


async def test_only_opening_a_link_changes_nothing(visited, links):
    """However often, before and after the visit."""
    before = await snapshot(visited)
    writes = visited.appointments.writes
    for _ in range(3):
        for link in links.values():
            await visited.ask("lookup", link=link)
        visited.clock.advance(DAY)
    assert (await snapshot(visited), visited.appointments.writes) == (before, writes)
