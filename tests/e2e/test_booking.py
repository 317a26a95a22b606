"""A visitor books over the real path: hold, code by e-mail, confirmation, calendar event."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.visitor import Visit

ANSWERS = {"first-visit": "yes", "area": "knee"}
"""To the questions of the demo business about a consultation."""

pytestmark = pytest.mark.e2e


async def test_a_booking_from_the_free_times_to_the_calendar(visit: Visit, backstage: Backstage):
    """One appointment row under both keys, one calendar event, one code e-mail, one confirmation."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        slot = await free_slot(visitor)
        pending = await hold(visitor, slot, address, name="Ann", note="First visit", answers=ANSWERS)
        confirmed = await confirm(visitor, pending, address, backstage)

    assert pending["type"] == "booking.pending"
    assert pending["data"]["start"] == slot["start"]
    assert address not in pending["data"]["contact"]
    assert confirmed["type"] == "booking.confirmed"
    assert "BEGIN:VEVENT" in confirmed["data"]["ics"]
    assert "LOCATION:ul. Świetlna 14\\, Kraków" in confirmed["data"]["ics"]
    [row] = backstage.appointments(session)
    assert (row["appointment_id"], row["state"]) == (pending["data"]["appointment_id"], "confirmed")
    assert row["answers"] == [{"question": name, "text": text} for name, text in ANSWERS.items()]
    event = await backstage.event(row["appointment_id"])
    # The owner reads them in the language of the business, the visitor in their own.
    assert event["description"].splitlines()[-2:] == ["Czy to pierwsza wizyta?: tak", "Co boli?: kolano"]
    assert datetime.fromisoformat(event["start"]["dateTime"]) == datetime.fromisoformat(slot["start"])
    confirmation = await backstage.email(address, number=2)
    assert "Where does it hurt?" in str(confirmation)
    await asyncio.sleep(0.3)
    assert len(backstage.emails(address)) == 2


async def test_neither_booking_command_of_the_predecessor_costs_a_model_call(visit: Visit, backstage: Backstage):
    """The plain text commands book as before; a start without offset is in the business's time zone."""
    address = fresh_address()
    calls = backstage.model_calls()
    async with visit() as visitor:
        slot = await free_slot(visitor)
        local = slot["start"][:16].replace("T", " ")
        await visitor.send_text(f"BOOK_APPOINTMENT: {local}, {address}, {slot['service'].upper()}")
        pending = await visitor.until("booking.pending", "error")
        await visitor.send_text(
            f"VERIFY_APPOINTMENT:{pending['data']['appointment_id']},{await backstage.code(address)}"
        )
        confirmed = await visitor.until("booking.confirmed", "error")

    assert confirmed["type"] == "booking.confirmed"
    assert confirmed["data"]["start"] == slot["start"]
    assert backstage.model_calls() == calls


async def test_a_repeated_request_has_one_effect(visit: Visit, backstage: Backstage):
    """The same request under a new id gets the same hold; a confirmed appointment is confirmed again."""
    address = fresh_address()
    async with visit() as visitor:
        slot = await free_slot(visitor)
        first = await hold(visitor, slot, address)
        second = await hold(visitor, slot, address)
        confirmed = await confirm(visitor, first, address, backstage)
        again = await confirm(visitor, first, address, backstage)
        await backstage.email(address, number=2)
        await asyncio.sleep(0.3)

    assert first["data"] == second["data"]
    assert confirmed["data"]["appointment_id"] == again["data"]["appointment_id"]
    assert await backstage.event(first["data"]["appointment_id"])
    assert len(backstage.emails(address)) == 2


async def test_a_corrected_address_takes_over_the_hold(visit: Visit, backstage: Backstage):
    """A visitor who mistyped the address books the same time again; only the new hold is kept."""
    wrong, right = fresh_address(), fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello())["data"]["session_id"]
        slot = await free_slot(visitor)
        await hold(visitor, slot, wrong)
        pending = await hold(visitor, slot, right)
        confirmed = await confirm(visitor, pending, right, backstage)

    assert confirmed["type"] == "booking.confirmed"
    assert sorted(row["state"] for row in backstage.appointments(session)) == ["cancelled", "confirmed"]


async def test_twenty_visitors_request_the_same_time(visit: Visit, backstage: Backstage):
    """One gets it; nineteen get SLOT_TAKEN with at least three alternatives that are not that time."""
    async with AsyncExitStack() as open_connections:
        visitors = await asyncio.gather(*(open_connections.enter_async_context(visit()) for _ in range(20)))
        slot = await free_slot(visitors[0])
        answers = await asyncio.gather(*(hold(visitor, slot, fresh_address()) for visitor in visitors))

    winners = [answer for answer in answers if answer["type"] == "booking.pending"]
    losers = [answer["data"] for answer in answers if answer["type"] == "error"]
    assert len(winners) == 1
    assert [loser["code"] for loser in losers] == ["SLOT_TAKEN"] * 19
    assert all(len(loser["alternatives"]) >= 3 for loser in losers)
    assert all(offer["start"] != slot["start"] for loser in losers for offer in loser["alternatives"])
    held = [row for row in backstage.rows("appointments") if row["start"] == _utc(slot["start"])]
    assert len(held) == 1


async def test_a_time_that_the_owner_blocked_is_neither_offered_nor_booked(visit: Visit, backstage: Backstage):
    """An event in the business's calendar occupies its time."""
    async with visit() as visitor:
        slot = await free_slot(visitor)
        backstage.block_calendar(slot["start"], slot["end"])
        refused = await hold(visitor, slot, fresh_address())

    assert refused["data"]["code"] == "SLOT_TAKEN"
    assert slot["start"] not in [offer["start"] for offer in refused["data"]["alternatives"]]


async def test_a_wrong_code_can_be_corrected_but_not_guessed(visit: Visit, backstage: Backstage):
    """Wrong codes are refused; after five the right code is refused, too, but the visitor can book again."""
    address = fresh_address()
    async with visit() as visitor:
        pending = await hold(visitor, await free_slot(visitor), address)
        appointment = pending["data"]["appointment_id"]
        right = await backstage.code(address)
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        answers = [
            (await visitor.ask("booking.verify", {"appointment_id": appointment, "code": code}, "booking.confirmed"))
            for code in [wrong] * 5 + [right]
        ]
        again = await hold(visitor, pending["data"], address)

    assert [answer["data"]["code"] for answer in answers] == ["CODE_INVALID"] * 5 + ["TOO_MANY_ATTEMPTS"]
    assert again["type"] == "booking.pending"
    assert again["data"]["appointment_id"] != appointment


async def test_another_visitors_appointment_looks_like_a_missing_one(visit: Visit, backstage: Backstage):
    """Another visitor's appointment id and code give the same error as an unknown id."""
    address = fresh_address()
    async with visit() as holder, visit() as other:
        pending = await hold(holder, await free_slot(holder), address)
        refused = await confirm(other, pending, address, backstage)
        none = await other.ask("booking.verify", {"appointment_id": "0" * 32, "code": "123456"}, "booking.confirmed")

    assert refused["data"] == none["data"]
    assert refused["data"]["code"] == "UNKNOWN_APPOINTMENT"


async def test_another_code_can_be_requested(visit: Visit, backstage: Backstage):
    """A resend sends a second e-mail with another code, which confirms the hold."""
    address = fresh_address()
    async with visit() as visitor:
        pending = await hold(visitor, await free_slot(visitor), address)
        appointment = pending["data"]["appointment_id"]
        again = await visitor.ask("booking.resend", {"appointment_id": appointment}, "booking.pending")
        first, second = await backstage.code(address), await backstage.code(address, number=2)
        verify = {"appointment_id": appointment, "code": second}
        confirmed = await visitor.ask("booking.verify", verify, "booking.confirmed")

    assert again["type"] == "booking.pending"
    assert first != second
    assert confirmed["type"] == "booking.confirmed"


async def test_a_confirmed_appointment_can_be_moved_and_cancelled(visit: Visit, backstage: Backstage):
    """The calendar follows, the old time is free again, and each change sends one e-mail."""
    address = fresh_address()
    async with visit() as visitor:
        slot = await free_slot(visitor)
        pending = await hold(visitor, slot, address)
        await confirm(visitor, pending, address, backstage)
        appointment = pending["data"]["appointment_id"]
        other = await free_slot(visitor)
        move = {"appointment_id": appointment, "start": other["start"]}
        moved = await visitor.ask("booking.reschedule", move, "booking.rescheduled")
        event = await backstage.event(appointment)
        cancelled = await visitor.ask("booking.cancel", {"appointment_id": appointment}, "booking.cancelled")
        retaken = await hold(visitor, slot, address)

    assert moved["data"]["start"] == other["start"]
    assert datetime.fromisoformat(event["start"]["dateTime"]) == datetime.fromisoformat(other["start"])
    assert cancelled["type"] == "booking.cancelled"
    await backstage.until(lambda: backstage.events(appointment) == [])
    assert retaken["type"] == "booking.pending"


def _utc(text: str) -> str:
    instant = datetime.fromisoformat(text)
    return (instant - (instant.utcoffset() or timedelta(0))).replace(tzinfo=None).isoformat() + "+00:00"


async def test_a_repeated_query_is_answered_again(visit: Visit):
    """A query for free times stores no outcome; the same id after a lost answer gets a new answer."""
    async with visit() as visitor:
        first = await visitor.ask("booking.slots", {"days": 3}, "booking.slots", frame_id="same")
        second = await visitor.ask("booking.slots", {"days": 3}, "booking.slots", frame_id="same")

    assert first["type"] == second["type"] == "booking.slots"
