"""Further calendars that are only read: their events make all resources busy, or the one that they belong to."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.errors import PermanentError
from shared.messages.errors import ErrorCode
from shared.tenants.busy_calendars import CalendarProvider
from tests.fakes.business_calendar import FakeCalendar
from workers.booking.domain.values import Interval
from workers.booking.handler import BookingHandler

HOUR = timedelta(hours=1)
PRIVATE, TOMS = "https://dav.example.com/ania/", "https://dav.example.com/tom/"
RESOURCES = [{"id": "anna"}, {"id": "tom", "busy_calendars": [{"provider": "caldav", "id": TOMS}]}]


@pytest.fixture(params=["Europe/Warsaw"])
def world(request, new_world):
    sources = [{"provider": "caldav", "id": PRIVATE}, {"id": "holidays"}]
    world = new_world(resources=RESOURCES, busy_calendars=sources, time_zone=request.param)
    world.calendar.events["holidays"], world.calendar.owners["holidays"] = {}, []
    world.caldav = FakeCalendar(PRIVATE, TOMS)
    world.ports = replace(world.ports, busy_calendars={CalendarProvider.CALDAV: world.caldav})
    world.handler = BookingHandler(ports=world.ports, replies=world.handler._replies, claims=world.claims)
    return world


@pytest.fixture
async def ten(world):
    """Return the hour of the visit that the tests request."""
    appointment = await world.appointment(await world.held())
    await world.send("cancel", appointment_id=appointment.appointment_id)
    return Interval(appointment.start, appointment.end)


async def request(world, number):
    return await world.create(session=str(number), contact=f"visitor{number}@example.com")


@pytest.mark.parametrize("provider", ["google", "caldav"])
async def test_a_busy_calendar_of_the_business_occupies_all_resources(world, ten, provider):
    """Whatever its provider."""
    if provider == "google":
        world.calendar.block(ten, "holidays")
    else:
        world.caldav.block(ten, PRIVATE)
    assert (await request(world, 1)).data.code == ErrorCode.SLOT_TAKEN


async def test_a_busy_calendar_of_a_resource_occupies_that_resource(world, ten):
    """Tom is not available; Anna gets the visit, and there is no second one."""
    world.caldav.block(ten, TOMS)
    first = await request(world, 1)
    assert (await world.appointment(first.data.appointment_id, "1")).resource == "anna"
    assert (await request(world, 2)).data.code == ErrorCode.SLOT_TAKEN


@pytest.mark.parametrize("calendar", ["calendar", "holidays", PRIVATE])
@pytest.mark.parametrize("world", ["Pacific/Auckland"], indirect=True)
async def test_an_all_day_event_occupies_the_business_own_date(world, calendar):
    """At ten o'clock in Auckland it is still the day before in UTC."""
    side = world.caldav if calendar == PRIVATE else world.calendar
    side.all_day[calendar] = [date(2026, 1, 13)]
    assert (await request(world, 1)).data.code == ErrorCode.SLOT_TAKEN


async def test_a_busy_calendar_is_never_written_to(world, ten):
    """The visit's event is in the calendar of the business only."""
    await world.confirmed(session="1", contact="visitor1@example.com")
    assert len(world.calendar.events["calendar"]) == 1
    assert set(world.caldav.calls) == {"find_busy_times"}
    assert world.calendar.events["holidays"] == {}


async def test_nothing_is_free_while_a_busy_calendar_cannot_be_read(world, ten):
    """The visitor gets no time that may be occupied."""
    world.caldav.outage = PermanentError("calendar_unknown")
    with pytest.raises(PermanentError):
        await request(world, 1)
