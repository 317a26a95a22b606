"""A business's deadline for changes: visitors read it before, hear it in the refusal, and it ends what links allow."""

from datetime import timedelta

import pytest

from shared.email_links import Links
from shared.messages.errors import ErrorCode
from tests.unit.workers.booking.handler.conftest import KEY, TENANT, replayed
from tests.unit.workers.booking.handler.owner import HOUR, LATER, NINE_UTC, follow, stands_at
from workers.booking.facade import forecast_command

UNTIL = NINE_UTC - 3 * HOUR
SENTENCES = {
    "en": "Visits can be cancelled or moved here until 3 hours before they begin. Please contact us.",
    "pl": "Wizyty można tutaj odwoływać i przekładać najpóźniej 3 godziny przed ich rozpoczęciem. "
    "Skontaktuj się z nami.",
    "de": "Termine lassen sich hier bis 3 Stunden vor Beginn absagen und verschieben. Bitte kontaktieren Sie uns.",
}
CHANGES = {"cancel": {}, "reschedule": {"start": "2026-01-14T10:00"}}


@pytest.fixture
async def world(new_world):
    """Return a business with a deadline of three hours and one confirmed visit."""
    world = new_world(change_deadline_hours=3)
    world.appointment_id = await world.confirmed()
    return world


async def test_the_deadline_is_in_every_frame_that_shows_a_visit(world, new_world):
    """As an instant; before a booking as hours; a business without one says nothing."""
    assert (await world.ask("slots", service="massage", days=1))["data"]["change_deadline_hours"] == 3
    seen = (await world.ask("lookup", appointment_id=world.appointment_id))["data"]
    assert seen["change_until"] == "2026-01-13T07:00:00+01:00"
    moved = await world.send("reschedule", appointment_id=world.appointment_id, start="2026-01-13T13:00")
    assert moved.data.change_until == UNTIL + 3 * HOUR
    frames = {frame.type: frame.data for frame in world.conversations.list_frames("session")}
    assert frames["booking.confirmed"].change_until == UNTIL

    without = new_world()
    appointment_id = await without.confirmed()
    assert "change_until" not in (await without.ask("lookup", appointment_id=appointment_id))["data"]
    assert "change_deadline_hours" not in (await without.ask("slots", service="massage", days=1))["data"]


@pytest.mark.parametrize("kind", CHANGES)
async def test_a_change_after_the_deadline_is_refused_with_it(world, kind):
    """In the visitor's language, by a link as from the conversation; nothing changes, and the lookup agrees."""
    purpose = {"cancel": "cancel", "reschedule": "move"}[kind]
    link = Links(KEY).issue(
        purpose, tenant=TENANT, appointment_id=world.appointment_id, session_id="session", expires_at=NINE_UTC
    )
    world.clock.set(UNTIL)
    before = (await world.appointment(world.appointment_id), world.appointments.writes)
    for language, sentence in SENTENCES.items():
        world.connections.open(language, "tab", locale=language)
        refused = await world.send(kind, session=language, link=link, **CHANGES[kind])
        assert (refused.data.code, refused.data.message) == (ErrorCode.INVALID_TIME, sentence)
    own = await world.send(kind, appointment_id=world.appointment_id, **CHANGES[kind])
    assert own.data.message == SENTENCES["en"]
    seen = (await world.ask("lookup", link=link))["data"]
    assert (seen["state"], seen["can_cancel"], seen["can_reschedule"]) == ("confirmed", False, False)
    assert (await world.appointment(world.appointment_id), world.appointments.writes) == before


@pytest.mark.parametrize("kind", CHANGES)
async def test_the_replay_of_a_request_in_time_is_carried_out(world, kind):
    """The visitor asked before the deadline; the forecast agrees, and a late request is refused in both."""
    late = world.command(kind, appointment_id=world.appointment_id, at=UNTIL, **CHANGES[kind])
    in_time = world.command(kind, appointment_id=world.appointment_id, at=UNTIL - timedelta(seconds=1), **CHANGES[kind])
    world.clock.set(UNTIL + HOUR)
    assert (await forecast_command(world.ports, replayed(late))).kind == "refused"
    assert (await world.handle(replayed(late))).data.code == ErrorCode.INVALID_TIME
    assert (await forecast_command(world.ports, replayed(in_time))).kind in {"free", "would_be_done"}
    assert (await world.handle(replayed(in_time))).type in {"booking.cancelled", "booking.rescheduled"}


async def test_the_owner_moves_a_visit_after_the_deadline(world):
    """It is for visitors only; it counts from the new start."""
    world.clock.set(UNTIL + HOUR)
    world.calendar.owner_moves(world.appointment_id, LATER)
    frame = await follow(world)
    assert (await stands_at(world), frame.data.change_until) == (LATER, LATER.start - 3 * HOUR)
    assert (await world.send("cancel", appointment_id=world.appointment_id)).type == "booking.cancelled"
