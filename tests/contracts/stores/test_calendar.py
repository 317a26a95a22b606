"""The business's calendar: one suite on the fake, and on Google's client against the stand-in."""

import asyncio
from dataclasses import replace

import pytest

from shared.errors import PermanentError
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, InMemory, visit
from workers.booking.domain.values import Interval


@pytest.fixture(params=["memory", "google"])
def side(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("google")


async def test_busy_times_are_the_owners_and_ours(side):
    """What the owner entered and what we entered blocks time; the rest of the window is free."""
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []
    side.owner_enters(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR))
    await side.calendar.put(CALENDAR, visit())
    assert list(await side.calendar.busy(CALENDAR, MORNING, fresh=True)) == [
        Interval(NINE, NINE + HOUR),
        Interval(NINE + 2 * HOUR, NINE + 3 * HOUR),
    ]


async def test_busy_times_that_only_touch_the_window_are_left_out(side):
    """A visit that ends when the window begins is none of its business."""
    side.owner_enters(Interval(NINE - 2 * HOUR, NINE - HOUR))
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []


async def test_an_event_put_twice_is_there_once(side):
    """A second try of the same command finds its own event."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, event)
    assert side.entered() == [(event.event_id, NINE)]


async def test_an_event_put_again_is_moved(side):
    """The same event with another time stands at the new time only."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, replace(event, start=NINE + HOUR, end=NINE + 2 * HOUR))
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE + HOUR, NINE + 2 * HOUR)]


async def test_an_event_that_the_owner_deleted_comes_back(side):
    """Putting makes the event be there, although Google never gives its id out again."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_deletes(event.event_id)
    assert side.entered() == []
    await side.calendar.put(CALENDAR, event)
    assert side.entered() == [(event.event_id, NINE)]
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]


async def test_an_event_removed_twice_is_gone(side):
    """Removing frees the time; an event that is gone, or never was, is no error."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, visit().event_id)
    assert side.entered() == []
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []


@pytest.mark.parametrize("call", ["busy", "put"])
async def test_an_unknown_calendar_is_permanent(side, call):
    """A calendar that is not there, or not shared with us, is for the owner to mend."""
    work = side.calendar.busy("nobody", MORNING) if call == "busy" else side.calendar.put("nobody", visit())
    with pytest.raises(PermanentError) as refusal:
        await work
    assert refusal.value.reason == "calendar_unknown"


async def test_calls_side_by_side_do_not_mix(side):
    """Twelve events put at the same time are all there, each once."""
    events = [visit(NINE + n * HOUR) for n in range(12)]
    await asyncio.gather(*(side.calendar.put(CALENDAR, event) for event in events))
    assert sorted(side.entered()) == sorted((event.event_id, event.start) for event in events)
