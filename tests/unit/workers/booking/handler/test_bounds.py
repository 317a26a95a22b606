"""The quotas of one visitor, one contact, one address and one day, and the refusals beyond them."""

from datetime import timedelta

import pytest

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.refusal_texts import render_refusal
from tests.fakes.clock import NOON
from workers.booking.domain.quotas import Bound, build_session_quota_key
from workers.booking.domain.values import AppointmentState
from workers.booking.handler.limits import refuse_full_quota
from workers.booking.ports import QuotaFull

FULL = ErrorCode.RATE_LIMITED
LIMITS = [bound for bound in Bound if bound not in {Bound.SESSION, Bound.DAY}]
TIMES = [f"2026-01-1{day}T{hour}:00" for day in (3, 4, 5) for hour in (10, 14)]


def hours(number):
    return TIMES[number]


async def test_a_session_has_one_hold(world):
    """A newer request replaces the older one."""
    first = await world.held("2026-01-13T10:00")
    second = await world.held("2026-01-14T15:00")

    assert (await world.appointment(first)).state is AppointmentState.CANCELLED
    assert (await world.appointment(second)).state is AppointmentState.HELD
    assert {bucket.appointment_id for bucket in world.appointments.buckets.values()} == {second}
    bounds = [key.partition("#")[0] for key, _ in world.appointments.units]
    assert sorted(bounds) == ["contact", "sends", "sends", "sends-session", "sends-session", "session"]
    assert (await world.create("2026-01-13T10:00", session="another")).type == "booking.pending"


async def test_a_confirmed_appointment_is_not_a_hold(world):
    """The visitor may book again."""
    first = await world.confirmed("2026-01-13T10:00")
    await world.held("2026-01-14T10:00")
    assert (await world.appointment(first)).state is AppointmentState.CONFIRMED


async def test_a_contact_has_two_holds(world):
    """The sessions do not matter; the refusal says when to try again, and nothing is written."""
    for number in range(2):
        await world.held(hours(number), session=str(number))
    world.clock.advance(timedelta(minutes=5))
    writes = world.appointments.writes
    refused = await world.create(hours(2), session="third", contact="Jan+more@example.com")

    assert (refused.data.code, refused.data.retryable) == (FULL, True)
    assert refused.data.retry_after_ms == 10 * 60 * 1000
    assert refused.data.message == render_refusal(FULL, "pl", "holds_contact")
    assert world.appointments.writes == writes
    world.clock.advance(timedelta(minutes=10))
    assert (await world.create(hours(2), session="third")).type == "booking.pending"


async def test_an_address_has_five_holds(world):
    """Contacts and sessions do not matter; a verified hold no longer counts."""
    for number in range(5):
        held = await world.create(
            hours(number), session=str(number), contact=f"v{number}@example.com", source_ip="192.0.2.7"
        )
        assert held.type == "booking.pending"
    more = {"session": "sixth", "contact": "v6@example.com"}
    refused = await world.create(hours(5), source_ip="192.0.2.7", **more)
    assert (refused.data.code, refused.data.message) == (FULL, render_refusal(FULL, "pl", "holds_address"))
    assert (await world.create(hours(5), source_ip="192.0.2.8", **more)).type == "booking.pending"
    known = held.data.appointment_id
    await world.send("verify", session="4", appointment_id=known, code=world.code(known))
    seventh = {"session": "seventh", "contact": "v7@example.com"}
    assert (await world.create("2026-01-16T10:00", source_ip="192.0.2.7", **seventh)).type == "booking.pending"


async def test_a_contact_gets_three_codes_an_hour(world):
    """First codes and resent ones count together; the hold stays, and its code stays valid."""
    first = await world.held(hours(0))
    await world.send("resend", appointment_id=first)
    await world.send("resend", appointment_id=first)
    await world.send("cancel", appointment_id=first)

    refused = await world.create(hours(1), session="another")
    assert (refused.data.code, refused.data.retry_after_ms) == (FULL, 60 * 60 * 1000)
    assert refused.data.message == render_refusal(FULL, "pl", "codes_contact")
    assert world.notice_types.count("notice.code") == 3
    world.clock.advance(timedelta(hours=1))
    assert (await world.create(hours(1), session="another")).type == "booking.pending"


async def test_a_resend_counts_too(world):
    """The fourth code within the hour is not sent, whichever hold it is for."""
    for number in range(2):
        await world.held(hours(number), session=str(number))
    appointment_id = await held_by(world, "1")
    assert (await world.send("resend", session="1", appointment_id=appointment_id)).type == "booking.pending"
    refused = await world.send("resend", session="1", appointment_id=appointment_id)

    assert refused.data.code == FULL
    assert (await world.appointment(appointment_id, "1")).code_sends == 2
    code = world.code(appointment_id, 2)
    answer = await world.send("verify", session="1", appointment_id=appointment_id, code=code)
    assert answer.type == "booking.confirmed"


@pytest.mark.parametrize("bound", LIMITS)
@pytest.mark.parametrize("locale", ["de", "en", "pl"])
def test_each_limit_has_a_sentence(bound, locale):
    """It says which limit was reached, and differs from the general one and from those of the other limits."""
    texts = {
        other: render_refusal(FULL, locale, refuse_full_quota(QuotaFull(other, None), NOON).about) for other in LIMITS
    }
    assert texts[bound] not in {render_refusal(FULL, locale), *(texts[one] for one in texts if one is not bound)}


async def held_by(world, session):
    return await world.appointments.find_session_hold(session, at=world.clock.now())


async def test_a_day_is_full(new_world):
    """A full day counts as an occupied time, with alternatives on other days."""
    world = new_world(max_visits_per_day=1)
    await world.held(hours(0))
    refused = await world.create(hours(1), session="another")

    assert refused.data.code == ErrorCode.SLOT_TAKEN
    assert len(refused.data.alternatives) == 5
    assert "2026-01-13" not in {offer.start.date().isoformat() for offer in refused.data.alternatives}
    listed = await slots(world)
    assert "2026-01-13" not in {start[:10] for start in listed}
    assert (await world.create(hours(2), session="another")).type == "booking.pending"


async def test_a_moved_appointment_counts_on_its_new_day(new_world):
    """It no longer counts on its old day; within one day it keeps its unit."""
    world = new_world(max_visits_per_day=1)
    mine = await world.confirmed(hours(0))
    await world.confirmed(hours(2), session="another")
    assert (await world.send("reschedule", appointment_id=mine, start=hours(1))).type == "booking.rescheduled"
    full = await world.send("reschedule", appointment_id=mine, start=hours(3))
    assert full.data.code == ErrorCode.SLOT_TAKEN
    assert (await world.send("reschedule", appointment_id=mine, start=hours(4))).type == "booking.rescheduled"
    assert (await world.create(hours(0), session="third", contact="c@example.com")).type == "booking.pending"


async def slots(world):
    frame = await world.ask("slots", service="massage", days=5)
    return [slot["start"] for slot in frame["data"]["slots"]]


async def test_a_hold_that_another_worker_placed_meanwhile_is_read_again(world):
    """Two concurrent commands of one session, which queues prevent, are not refused as too many."""
    held = await world.held(hours(0))
    holder = world.appointments.units[build_session_quota_key("session"), 0]
    world.appointments.find_session_hold = nobody
    with pytest.raises(TransientError):
        await world.create(hours(1))
    assert world.appointments.units[build_session_quota_key("session"), 0] == holder
    assert (await world.appointment(held)).state is AppointmentState.HELD


async def nobody(session_id, *, at):
    return None


async def test_units_that_a_crash_left_behind_do_not_free_the_day(new_world):
    """A worker crashed between confirming and freeing units: the session's unit is free, the day's is not."""
    world = new_world(max_visits_per_day=1)
    held = await world.held()
    units = dict(world.appointments.units)
    await world.send("verify", appointment_id=held, code=world.code(held))
    world.appointments.units = units | world.appointments.units
    assert (await world.create("2026-01-13T15:00")).data.code == ErrorCode.SLOT_TAKEN
    assert (await world.create("2026-01-14T15:00")).type == "booking.pending"


async def test_a_hold_with_too_many_wrong_codes_can_be_booked_again(world):
    """The same request gets a new hold with its own code."""
    held = await world.held()
    for _ in range(5):
        await world.send("verify", appointment_id=held, code="000000")
    again = await world.create()
    assert again.type == "booking.pending"
    assert again.data.appointment_id != held
