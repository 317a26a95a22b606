"""How an appointment stands: for its own conversation, and for whoever bears a link from its letter."""

from datetime import timedelta

import pytest

from shared.links import Links
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import CONTACT, KEY, TENANT

LINKS = Links(KEY)
UNKNOWN = ErrorCode.UNKNOWN_APPOINTMENT


def link(appointment, purpose="cancel", tenant=TENANT, **changes):
    fields = {
        "appointment_id": appointment.appointment_id,
        "session_id": appointment.session_id,
        "expires_at": appointment.start,
    }
    return LINKS.issue(purpose, tenant=tenant, **(fields | changes))


@pytest.fixture
async def appointment(world):
    return await world.appointment(await world.confirmed())


async def look(world, **reference):
    return await world.ask("lookup", **reference)


async def test_a_visitor_sees_how_their_appointment_stands(world, appointment):
    """With its calendar file, the contact masked, and nothing written."""
    writes = world.appointments.writes
    frame = await look(world, appointment_id=appointment.appointment_id)

    data = frame["data"]
    assert (frame["type"], data["state"], data["service_name"]) == ("booking.details", "confirmed", "Massage")
    assert (data["can_cancel"], data["can_reschedule"], "expires_at" in data) == (True, True, False)
    assert data["ics"].startswith("BEGIN:VCALENDAR")
    assert (data["start"], data["time_zone"]) == ("2026-01-13T10:00:00+01:00", "Europe/Warsaw")
    assert CONTACT not in str(frame)
    assert world.appointments.writes == writes


async def test_a_hold_says_until_when(world):
    """And one that ran out is over, like one that was cancelled."""
    held = await world.held()
    data = (await look(world, appointment_id=held))["data"]
    assert (data["state"], data["expires_at"], "ics" in data) == ("held", "2026-01-12T07:15:00Z", False)
    world.clock.turn(timedelta(minutes=15))
    data = (await look(world, appointment_id=held))["data"]
    assert (data["state"], data["can_cancel"], data["can_reschedule"]) == ("cancelled", False, False)


async def test_a_visit_that_has_begun_can_only_be_looked_at(world, appointment):
    """It stands."""
    world.clock.set(appointment.start)
    data = (await look(world, appointment_id=appointment.appointment_id))["data"]
    assert (data["state"], data["can_cancel"], data["can_reschedule"]) == ("confirmed", False, False)


async def test_foreign_and_unknown_appointments_are_the_same(world, appointment):
    """Nobody learns which ids there are."""
    world.connections.open("stranger", "tab", locale="en")
    foreign = await look(world, session="stranger", appointment_id=appointment.appointment_id)
    unknown = await look(world, session="stranger", appointment_id="0" * 32)
    assert foreign["data"] == unknown["data"]
    assert foreign["data"]["code"] == UNKNOWN


@pytest.mark.parametrize("purpose", ["cancel", "move"])
async def test_the_bearer_of_a_link_sees_the_visit_from_anywhere(world, appointment, purpose):
    """Whatever the link is for."""
    world.connections.open("phone", "tab", locale="pl")
    frame = await look(world, session="phone", link=link(appointment, purpose))
    assert (frame["data"]["state"], frame["data"]["service_name"]) == ("confirmed", "Masaż")


async def test_a_link_cancels_from_another_conversation(world, appointment):
    """Once; again it is answered alike, and the letter that says so is one."""
    token = link(appointment, "cancel")
    first = await world.send("cancel", session="phone", link=token)
    second = await world.send("cancel", session="phone", link=token)
    assert [first.type, second.type] == ["booking.cancelled"] * 2
    assert (world.events, world.told.count("notice.cancelled")) == ([], 1)
    assert world.appointments.buckets == {}


async def test_a_link_moves_from_another_conversation(world, appointment):
    """Without a code: the link was in a letter to the contact."""
    moved = await world.send("reschedule", session="phone", link=link(appointment, "move"), start="2026-01-14T10:00")
    assert moved.type == "booking.rescheduled"
    assert world.events[0].start == moved.data.start


@pytest.mark.parametrize(
    ("kind", "purpose", "changes"),
    [
        ("cancel", "move", {}),
        ("reschedule", "cancel", {}),
        ("cancel", "cancel", {"tenant": "another"}),
        ("cancel", "cancel", {"session_id": "another"}),
        ("cancel", "cancel", {"appointment_id": "0" * 32}),
    ],
)
async def test_a_link_does_its_own_thing_alone(world, appointment, kind, purpose, changes):
    """Another purpose, tenant, session or visit is no appointment."""
    token = link(appointment, purpose, **changes)
    more = {"start": "2026-01-14T10:00"} if kind == "reschedule" else {}
    refused = await world.send(kind, session="phone", link=token, **more)
    assert refused.data.code == UNKNOWN
    assert (await world.appointment(appointment.appointment_id)) == appointment


async def test_a_link_ends_with_the_beginning_of_the_visit(world, appointment):
    """From then on it is no good for anything."""
    token = link(appointment)
    world.clock.set(appointment.start)
    refused = await world.send("cancel", session="phone", link=token)
    assert refused.data.code == UNKNOWN
