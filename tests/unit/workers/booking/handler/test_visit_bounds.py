"""What one contact and one address may book, and how often a visit moves: who is refused, and what they hear."""

from datetime import timedelta

import pytest

from shared.messages.errors import ErrorCode
from shared.refusal_texts import render_refusal
from workers.booking.domain.values import AppointmentState, Interval

PHONE = "+48 22 555 01 02"
FULL = ErrorCode.RATE_LIMITED
DAYS = ["2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16"]


@pytest.fixture
def world(new_world):
    """A business that admits two visits of a contact, three of an address, and two moves of a visit."""
    return new_world(limits={"visits_per_contact": 2, "visits_per_address": 3, "moves_per_visit": 2}, phone=PHONE)


async def confirm_all(world, count, *, first=0, **fields):
    return [
        await world.confirmed(f"{DAYS[first + number]}T10:00", session=str(first + number), **fields)
        for number in range(count)
    ]


async def test_a_contact_books_a_number_of_visits(world):
    """The next request is refused before a code is sent, and names the telephone; another contact books."""
    await confirm_all(world, 2)
    codes = world.notice_types.count("notice.code")
    refused = await world.create(f"{DAYS[2]}T10:00", session="2", contact="Jan+again@example.com")
    assert (refused.data.code, refused.data.retry_after_ms) == (FULL, None)
    assert refused.data.message == render_refusal(FULL, "pl", "visits_contact_phone", phone=PHONE)
    assert world.notice_types.count("notice.code") == codes
    await world.confirmed(f"{DAYS[2]}T10:00", session="3", contact="ola@example.com")


async def test_the_visits_of_an_address_are_counted_whatever_the_contact(world):
    """Three from one address; a fourth visitor books from another one."""
    for number in range(3):
        fields = {"contact": f"v{number}@example.com", "source_ip": "192.0.2.7"}
        held = await world.held(f"{DAYS[number]}T10:00", session=str(number), **fields)
        code = {"appointment_id": held, "code": world.code(held)}
        assert (
            await world.send("verify", session=str(number), source_ip="192.0.2.7", **code)
        ).type == "booking.confirmed"
    refused = await world.create(f"{DAYS[3]}T10:00", session="3", contact="v3@example.com", source_ip="192.0.2.7")
    assert refused.data.message == render_refusal(FULL, "pl", "visits_address_phone", phone=PHONE)
    await world.held(f"{DAYS[3]}T10:00", session="3", contact="v3@example.com", source_ip="192.0.2.8")


async def test_two_holds_at_the_limit_confirm_one_visit(world):
    """The second one is refused with the right code; when another visit is cancelled, the same code confirms it."""
    [first] = await confirm_all(world, 1)
    second, third = [await world.held(f"{DAYS[number]}T10:00", session=str(number)) for number in (1, 2)]
    code = {"appointment_id": second, "code": world.code(second)}
    assert (await world.send("verify", session="1", **code)).type == "booking.confirmed"
    code = {"appointment_id": third, "code": world.code(third)}
    refused = await world.send("verify", session="2", **code)
    assert (refused.data.code, refused.data.alternatives) == (FULL, ())
    assert refused.data.message == render_refusal(FULL, "pl", "visits_contact_phone", phone=PHONE)
    assert (await world.appointment(third, "2")).state is AppointmentState.HELD
    await world.send("cancel", session="0", appointment_id=first)
    assert (await world.send("verify", session="2", **code)).type == "booking.confirmed"


async def test_a_moved_visit_keeps_counting(world):
    """Or a visitor could move the visits of this week to the end of the horizon, and book again."""
    visits = await confirm_all(world, 2)
    for number, appointment_id in enumerate(visits):
        start = f"2026-02-0{3 + number}T10:00"
        answer = await world.send("reschedule", session=str(number), appointment_id=appointment_id, start=start)
        assert answer.type == "booking.rescheduled"
    assert (await world.create(f"{DAYS[2]}T10:00", session="2")).data.code == FULL
    world.clock.advance(timedelta(days=20))
    assert (await world.create("2026-02-05T10:00", session="2")).data.code == FULL
    world.clock.advance(timedelta(days=10))
    assert (await world.create("2026-02-12T10:00", session="2")).type == "booking.pending"


async def test_a_filled_time_counts_where_it_is_confirmed(new_world):
    """The move of a hold with a proved contact confirms it, unless its contact has booked enough meanwhile."""
    world = new_world(limits={"visits_per_contact": 1})
    held = []
    for number in range(2):
        hold = await world.appointment(await world.held(f"{DAYS[number]}T10:00", session=str(number)), str(number))
        world.calendar.block(Interval(hold.start, hold.end))
        code = {"appointment_id": hold.appointment_id, "code": world.code(hold.appointment_id)}
        assert (await world.send("verify", session=str(number), **code)).data.code == ErrorCode.SLOT_TAKEN
        held.append((hold.appointment_id, f"{DAYS[number]}T14:00", str(number)))
    moves = [
        await world.send("reschedule", session=session, appointment_id=appointment_id, start=start)
        for appointment_id, start, session in held
    ]
    assert [move.type for move in moves] == ["booking.confirmed", "error"]
    assert moves[1].data.message == render_refusal(FULL, "pl", "visits_contact")


@pytest.mark.parametrize("phone", [PHONE, None])
async def test_a_visit_is_moved_a_number_of_times(new_world, phone):
    """Back and forth; then it stays where it is, and can be cancelled. The owner is not limited."""
    world = new_world(limits={"moves_per_visit": 2}, phone=phone)
    appointment_id = await world.confirmed(f"{DAYS[0]}T10:00")
    starts = [f"{day}T10:00" for day in (DAYS[1], DAYS[0], DAYS[1])]
    answers = [await world.send("reschedule", appointment_id=appointment_id, start=start) for start in starts]
    assert [answer.type for answer in answers] == ["booking.rescheduled", "booking.rescheduled", "error"]
    about = "moves_phone" if phone else "moves"
    assert answers[-1].data.message == render_refusal(FULL, "en", about, phone=phone or "")
    assert answers[-1].data.code == FULL
    assert world.notice_types.count("notice.rescheduled") == 2
    assert (await world.appointment(appointment_id)).moves == 2
    assert (await world.send("cancel", appointment_id=appointment_id)).type == "booking.cancelled"


async def test_a_repeated_move_counts_once(world):
    """A command that is delivered again finds its move done."""
    appointment_id = await world.confirmed(f"{DAYS[0]}T10:00")
    command = world.command("reschedule", appointment_id=appointment_id, start=f"{DAYS[1]}T10:00")
    await world.handle(command)
    await world.handle(command.model_copy(update={"replay": 1}))
    assert (await world.appointment(appointment_id)).moves == 1
