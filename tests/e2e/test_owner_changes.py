"""The owner moves or deletes a visit in the calendar, over the real path; the reminders follow."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_visit_that_the_owner_moved_and_then_deleted(visit: Visit, backstage: Backstage):
    """The visitor is notified of both in the chat and by e-mail; the appointment and its reminders follow."""
    address = fresh_address()
    backstage.sync_calendars()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        slot = await free_slot(visitor)
        pending = await hold(visitor, slot, address)
        await confirm(visitor, pending, address, backstage)
        appointment_id = pending["data"]["appointment_id"]
        event = await backstage.event(appointment_id)
        start = datetime.fromisoformat(slot["start"]) + 15 * HOUR
        end = start + HOUR

        backstage.owner_moves(event, start.isoformat(), end.isoformat())
        backstage.sync_calendars()
        moved = await visitor.until("booking.rescheduled", "error")
        [row] = backstage.appointments(session)
        event = await backstage.event(appointment_id)
        reminders = backstage.reminders(session)
        await backstage.email(address, number=3)  # before the visit is cancelled: an outdated notice is not sent

        backstage.owner_deletes(event)
        backstage.sync_calendars()
        cancelled = await visitor.until("booking.cancelled", "error")

    assert (moved["data"]["by"], "re" in moved) == ("business", False)
    assert datetime.fromisoformat(moved["data"]["start"]) == start
    assert (datetime.fromisoformat(row["start"]), row["version"]) == (start, 3)
    assert event["extendedProperties"]["private"]["version"] == "3"
    expected = [start.astimezone(UTC) - hours for hours in (DAY, 2 * HOUR)]
    assert [time for time in reminders if time in expected] == [
        time for time in expected if time >= datetime.now(UTC) + HOUR
    ]

    assert cancelled["data"]["by"] == "business"
    [row] = backstage.appointments(session)
    assert row["state"] == "cancelled"
    assert backstage.reminders(session) == []
    await backstage.email(address, number=4)


async def test_visits_are_swapped_and_one_moved_onto_another_is_moved_back(visit: Visit, backstage: Backstage):
    """Both visitors hear of the swap once; then an event gets its time again, and neither visitor is notified."""
    backstage.sync_calendars()
    visits = []
    for _ in range(2):
        address = fresh_address()
        async with visit(greet=False) as visitor:
            await visitor.hello(locale="en")
            slot = await free_slot(visitor)
            pending = await hold(visitor, slot, address)
            await confirm(visitor, pending, address, backstage)
            visits.append((slot, pending["data"]["appointment_id"], address))
    (first, appointment_id, address), (second, other_id, other_address) = visits
    event, other_event = await backstage.event(appointment_id), await backstage.event(other_id)
    backstage.owner_moves(event, second["start"], second["end"])
    backstage.owner_moves(other_event, first["start"], first["end"])
    backstage.sync_calendars()
    for address_of_one in (address, other_address):
        await backstage.email(address_of_one, number=3)
    await backstage.until(lambda: _versions(backstage, appointment_id, other_id) == ["3", "3"])
    assert _starts(backstage, appointment_id) == [datetime.fromisoformat(second["start"])]
    assert _starts(backstage, other_id) == [datetime.fromisoformat(first["start"])]

    backstage.owner_moves(event, first["start"], first["end"])
    backstage.sync_calendars()
    await backstage.until(lambda: _starts(backstage, appointment_id) == [datetime.fromisoformat(second["start"])])
    assert [len(backstage.emails(one)) for one in (address, other_address)] == [3, 3]


def _versions(backstage: Backstage, *appointment_ids: str) -> list[str]:
    events = [event for appointment_id in appointment_ids for event in backstage.events(appointment_id)]
    return [event["extendedProperties"]["private"]["version"] for event in events]


def _starts(backstage: Backstage, appointment_id: str) -> list[datetime]:
    return [datetime.fromisoformat(event["start"]["dateTime"]) for event in backstage.events(appointment_id)]
