"""A visitor requests a time while having a hold: the same time, or another one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.conversations.replies import Replies
from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from workers.booking.domain.values import AppointmentState
from workers.booking.handler import BookingHandler

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)


async def test_an_interrupted_attempt_is_completed_by_the_retry(world):
    """The hold exists since the first attempt: the second finds it and sends the one notice and the one frame."""
    command = world.create_command()
    world.notices.errors.append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.handle(command)
    assert world.frames() == []

    await world.handle(command)

    assert len(world.appointments.rows) == 1
    assert world.appointments.writes == 1
    assert world.frames() == ["booking.pending"]
    assert world.notice_types == ["notice.code"]
    assert world.metrics.total("AppointmentCreated") == 1


async def test_a_retry_finds_that_its_hold_was_confirmed(world):
    """The reply of the first attempt failed, and the visitor requested the time again and confirmed it."""
    command = world.create_command()
    world.conversations.errors = [TransientError("down")]
    with pytest.raises(TransientError):
        await world.handle(command)
    held = await world.held()
    await world.send("verify", appointment_id=held, code=world.code(held))
    frame = await world.handle(command)
    assert (frame.type, frame.data.appointment_id) == ("booking.confirmed", held)


async def test_an_outcome_that_was_stored_ends_the_command(world):
    """The worker died after the frame, before it could end the command: the next one posts it and does nothing else."""
    command = world.create_command()
    pending = await world.handle(command)
    record = world.claims.records[command.claim_key]
    record.done = False
    world.conversations.unmarked[command.claim_key, "outcome"] = record.markers.pop("outcome")
    world.clock.advance(timedelta(minutes=20))

    assert await world.handle(command) == pending

    assert world.frames() == ["booking.pending"]
    assert [frame["type"] for frame in world.poster.frames("tab")] == ["booking.pending"] * 2


@pytest.mark.parametrize(("start", "is_refused"), [("2026-01-13T10:00", False), ("2026-01-13T03:00", True)])
async def test_only_a_refusal_is_stored_in_one_transaction(world, start, is_refused):
    """A late worker must not store it while its successor holds the time."""
    stored = []

    async def store(*_, **__):
        stored.append(True)
        raise TransientError("enough")

    world.conversations.append_in_steps = store
    command = world.create_command(start)
    if is_refused:
        assert (await world.handle(command)).type == "error"
    else:
        with pytest.raises(TransientError):
            await world.handle(command)
    assert stored == ([] if is_refused else [True])


async def test_a_replay_finds_the_effects_of_the_first_command(world):
    """Effects derive from the command, whatever the number of the replay; the visitor gets the outcome again."""
    command = world.create_command(client_id="a1")
    first = await world.handle(command)
    again = await world.handle(world.create_command(client_id="a1", replay=1))

    assert again.data == first.data
    assert world.appointments.writes == 1
    assert world.notice_types == ["notice.code"]
    assert world.frames() == ["booking.pending", "booking.pending"]


async def test_repeating_the_request_gets_the_same_answer(world):
    """A second command, such as the predecessor's page sends, has no second effect."""
    first, again = await world.create(), await world.create()

    assert again.data == first.data
    assert again.re != first.re
    assert world.appointments.writes == 1
    assert world.notice_types == ["notice.code"]


async def test_a_corrected_address_replaces_the_hold(world):
    """The new request gets the time and the old one is cancelled, in one transaction."""
    typo = await world.held(contact="jam@example.com")
    better = await world.held(contact="jan@example.com")

    assert better != typo
    assert (await world.appointment(typo)).state is AppointmentState.CANCELLED
    assert (await world.appointment(better)).state is AppointmentState.HELD
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == {better}
    assert [notice.data.contact for notice in world.notices.delivered] == ["jam@example.com", "jan@example.com"]
    assert (await world.create(session="another")).data.code == ErrorCode.SLOT_TAKEN


async def test_a_code_says_what_else_it_can_be_sent_to(world):
    """Where the code can't be sent, its visitor is offered that; the first code and the next ones say it."""
    await world.send("resend", appointment_id=await world.held())
    replies = Replies(conversations=world.conversations, connections=world.connections, poster=world.poster)
    both = replace(world.ports, sms_enabled=True, sms_countries=frozenset({"PL"}))
    world.handler = BookingHandler(ports=both, replies=replies, claims=world.claims)
    await world.send("resend", appointment_id=await world.held(contact="anna@example.com"))
    await world.held(contact="+48 600 700 800")

    kinds = [notice.other_contact_kinds for notice in world.notices.delivered]
    assert kinds == [(), (), ("phone",), ("phone",), ("email",)]


async def test_the_code_of_a_replaced_hold_confirms_nothing(world):
    """Whoever reads the e-mail to the wrong address has no appointment."""
    typo = await world.held(contact="jam@example.com")
    better = await world.held(contact="jan@example.com")

    outcome = await world.send("verify", appointment_id=typo, code=world.code(typo))
    assert outcome.data.code == ErrorCode.UNKNOWN_APPOINTMENT
    assert (await world.send("verify", appointment_id=better, code=world.code(better))).type == "booking.confirmed"


async def test_another_service_frees_the_rest_of_the_time(world):
    """A consultation replaces a massage that it overlaps: the rest of the massage's hour is free."""
    massage = await world.held("2026-01-13T10:00")
    consultation = await world.held("2026-01-13T10:00", service="consultation")

    assert (await world.appointment(massage)).state is AppointmentState.CANCELLED
    free_from = NINE_UTC + timedelta(minutes=50)
    assert [start for *_, start in world.appointments.buckets if start >= free_from] == []
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == {consultation}


async def test_a_replacement_that_needs_an_occupied_time_changes_nothing(world):
    """Half of the requested time is another visitor's: the older hold stays."""
    mine = await world.held("2026-01-13T10:00")
    await world.held("2026-01-13T11:00", session="another")

    assert (await world.create("2026-01-13T10:30")).data.code == ErrorCode.SLOT_TAKEN
    assert (await world.appointment(mine)).state is AppointmentState.HELD


async def test_the_visitors_own_confirmed_time_is_occupied_too(world):
    """It can be moved or cancelled, but not booked again."""
    mine = await world.confirmed()

    assert (await world.create(contact="jana@example.com")).data.code == ErrorCode.SLOT_TAKEN
    # Also if the owner has deleted its event from the calendar.
    world.calendar.events["calendar"].clear()
    assert (await world.create(contact="jana@example.com")).data.code == ErrorCode.SLOT_TAKEN
    assert (await world.appointment(mine)).state is AppointmentState.CONFIRMED


async def test_the_same_address_in_other_characters_is_the_same_request(world):
    """Wide and invisible characters make no new contact, so they evade no limit either."""
    held = await world.held(contact="jan@example.com")
    again = await world.create(contact="ｊａｎ\u200b＠ｅｘａｍｐｌｅ．ｃｏｍ")
    assert (again.type, again.data.appointment_id) == ("booking.pending", held)
    assert (await world.appointment(held)).contact.address == "jan@example.com"
    assert world.notice_types == ["notice.code"]
