"""A visitor hears at once that no code would reach an address, instead of waiting for it."""

from datetime import timedelta

import pytest

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.refusal_texts import render_refusal
from shared.suppressions import Suppression
from workers.booking.domain.values import AppointmentState

ADDRESS = "jan@example.com"
REFUSED = (ErrorCode.INVALID_CONTACT, render_refusal(ErrorCode.INVALID_CONTACT, "en", "suppressed"))


async def suppress(world, address=ADDRESS, *, reason="bounced", until=None):
    await world.suppressions.add(address, Suppression(reason, since=world.clock.now(), until=until))


@pytest.mark.parametrize("reason", ["bounced", "complained", "full"])
@pytest.mark.parametrize("contact", [ADDRESS, "Jan@Example.com", " jan@example.com "])
async def test_a_suppressed_address_is_refused_before_anything_is_held(world, reason, contact):
    """Nothing is written, and the visitor may give another address."""
    await suppress(world, reason=reason)
    refused = await world.create(contact=contact)
    assert (refused.data.code, refused.data.message) == REFUSED
    assert (world.appointments.writes, world.notice_types) == (0, [])
    assert (await world.create(contact="anna@example.com")).type == "booking.pending"


async def test_an_address_that_was_suppressed_after_the_hold_gets_no_further_code(world):
    """The hold stays, and its code counts no further send."""
    appointment_id = await world.held()
    await suppress(world)
    refused = await world.send("resend", appointment_id=appointment_id)
    assert (refused.data.code, refused.data.message) == REFUSED
    assert (await world.appointment(appointment_id)).code_sends == 1
    assert (await world.appointment(appointment_id)).state is AppointmentState.HELD
    assert world.notice_types.count("notice.code") == 1


async def test_an_address_is_accepted_again_when_its_suppression_ends(world):
    """A full mailbox is suppressed for some days only."""
    await suppress(world, reason="full", until=world.clock.now() + timedelta(days=1))
    assert (await world.create()).data.code == ErrorCode.INVALID_CONTACT
    world.clock.advance(timedelta(days=1))
    assert (await world.create("2026-01-14T10:00")).type == "booking.pending"


async def test_a_phone_number_is_not_looked_up(world):
    """Only e-mail addresses are suppressed, so a booking by phone costs no read."""
    world.suppressions.errors.append(TransientError("suppressions.find: timeout"))
    await world.create(contact="+48600100200")
    assert len(world.suppressions.errors) == 1


async def test_unreadable_suppressions_are_retried(world):
    """Nothing is held meanwhile."""
    world.suppressions.errors.append(TransientError("suppressions.find: timeout"))
    command = world.create_command()
    with pytest.raises(TransientError):
        await world.handle(command)
    assert world.appointments.writes == 0
    assert (await world.handle(command)).type == "booking.pending"
