"""The details of an appointment, for its own session and for the bearer of a link from an e-mail."""

from datetime import timedelta

import pytest

from shared.email_links import Links
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


async def test_a_visitor_sees_the_details_of_their_appointment(world, appointment):
    """With its calendar file and the masked contact; nothing is written."""
    writes = world.appointments.writes
    frame = await look(world, appointment_id=appointment.appointment_id)

    data = frame["data"]
    assert (frame["type"], data["state"], data["service_name"]) == ("booking.details", "confirmed", "Massage")
    assert (data["can_cancel"], data["can_reschedule"], "expires_at" in data) == (True, True, False)
    assert data["ics"].startswith("BEGIN:VCALENDAR")
    assert (data["start"], data["time_zone"]) == ("2026-01-13T10:00:00+01:00", "Europe/Warsaw")
    assert CONTACT not in str(frame)
    assert world.appointments.writes == writes


async def test_a_hold_has_its_expiry(world):
    """An expired hold counts as cancelled."""
    held = await world.held()
    data = (await look(world, appointment_id=held))["data"]
    assert (data["state"], data["expires_at"], "ics" in data) == ("held", "2026-01-12T07:15:00Z", False)
    world.clock.advance(timedelta(minutes=15))
    data = (await look(world, appointment_id=held))["data"]
    assert (data["state"], data["can_cancel"], data["can_reschedule"]) == ("cancelled", False, False)


async def test_a_visit_that_has_begun_can_not_be_changed(world, appointment):
    """It is still confirmed."""
    world.clock.set(appointment.start)
    data = (await look(world, appointment_id=appointment.appointment_id))["data"]
    assert (data["state"], data["can_cancel"], data["can_reschedule"]) == ("confirmed", False, False)


async def test_foreign_and_unknown_appointments_are_the_same(world, appointment):
    """Nobody can find out which ids exist."""
    world.connections.open("stranger", "tab", locale="en")
    foreign = await look(world, session="stranger", appointment_id=appointment.appointment_id)
    unknown = await look(world, session="stranger", appointment_id="0" * 32)
    assert foreign["data"] == unknown["data"]
    assert foreign["data"]["code"] == UNKNOWN


@pytest.mark.parametrize("purpose", ["cancel", "move"])
async def test_the_bearer_of_a_link_sees_the_visit_from_anywhere(world, appointment, purpose):
    """Whatever the purpose of the link."""
    world.connections.open("phone", "tab", locale="pl")
    frame = await look(world, session="phone", link=link(appointment, purpose))
    assert (frame["data"]["state"], frame["data"]["service_name"]) == ("confirmed", "Masaż")


async def test_a_link_cancels_from_another_conversation(world, appointment):
    """It works once; a repeat gets the same answer, and there is one notice."""
    token = link(appointment, "cancel")
    first = await world.send("cancel", session="phone", link=token)
    second = await world.send("cancel", session="phone", link=token)
    assert [first.type, second.type] == ["booking.cancelled"] * 2
    assert (world.events, world.notice_types.count("notice.cancelled")) == ([], 1)
    assert world.appointments.buckets == {}


async def test_a_link_moves_from_another_conversation(world, appointment):
    """Without a code: the link was in an e-mail to the contact."""
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
async def test_a_link_has_one_purpose(world, appointment, kind, purpose, changes):
    """Another purpose, tenant, session or visit finds no appointment."""
    token = link(appointment, purpose, **changes)
    more = {"start": "2026-01-14T10:00"} if kind == "reschedule" else {}
    refused = await world.send(kind, session="phone", link=token, **more)
    assert refused.data.code == UNKNOWN
    assert (await world.appointment(appointment.appointment_id)) == appointment
