"""An event that its owner has repeated: one suite for the fake, and for Google's client against the stand-in."""

from datetime import timedelta

import pytest

from tests.contracts.stores.calendars import CALENDAR, HOUR, NINE, InMemory, moved, visit
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval

WEEK = timedelta(weeks=1)
MONTH = Interval(NINE - 2 * WEEK, NINE + 6 * WEEK)
FIRST, LATER = Interval(NINE, NINE + HOUR), Interval(NINE + 4 * HOUR, NINE + 6 * HOUR)


@pytest.fixture(params=["memory", "google"])
def side(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("google")


@pytest.fixture
async def event(side):
    """Return an event that takes place in three weeks; the first instance is the visit."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_repeats(event, 3)
    return event


async def busy(side, event):
    found = await side.calendar.find_busy_times(CALENDAR, MONTH, fresh=True)
    assert {time.series_of for time in found} <= {event.appointment_id}
    return sorted((time.interval.start - NINE) / HOUR for time in found)


async def find(side, event):
    return await side.calendar.find_event(CALENDAR, event.event_id)


async def changes(side, token=None):
    return await side.calendar.list_changes(CALENDAR, token)


async def test_the_first_instance_is_the_visit(side, event):
    """Until the owner moves it, the whole series, or another instance: then it is where the first instance is."""
    weeks = [0, 168, 336]
    assert (await busy(side, event), await find(side, event)) == (weeks, StoredEvent(2, FIRST))
    side.owner_changes_instance(event, 1, LATER)
    assert (await busy(side, event), await find(side, event)) == ([0, 4, 336], StoredEvent(2, FIRST))
    side.owner_changes_instance(event, 2, None)
    assert (await busy(side, event), await find(side, event)) == ([0, 4], StoredEvent(2, FIRST))
    side.owner_changes_instance(event, 0, Interval(NINE + HOUR, NINE + 2 * HOUR))
    assert await find(side, event) == StoredEvent(2, Interval(NINE + HOUR, NINE + 2 * HOUR))
    side.owner_moves(event, LATER)
    assert await find(side, event) == StoredEvent(2, LATER)


@pytest.mark.parametrize("how", ["instance", "series", "cut off"])
async def test_a_visit_whose_instance_is_gone_is_deleted(side, event, how):
    """The owner has cancelled that instance, deleted the series, or ended it before; later instances do not count."""
    token = (await changes(side)).next_token
    match how:
        case "instance":
            side.owner_changes_instance(event, 0, None)
        case "series":
            side.owner_deletes(event)
        case _:
            side.owner_cuts_off(event, 1)
            assert await find(side, event) == StoredEvent(2, FIRST)
            side.owner_cuts_off(event, 0)
    found = await find(side, event)
    assert found
    assert found.deleted
    assert list((await changes(side, token)).appointment_ids) == [event.appointment_id]
    assert await busy(side, event) == ([168, 336] if how == "instance" else [])
    await side.calendar.put(CALENDAR, event)
    assert (await find(side, event)).deleted


async def test_a_visit_that_is_cut_off_is_not_written(side, event):
    """The series has no instance for it, of whatever version; the comparison cancels the visit."""
    side.owner_cuts_off(event, 0)
    await side.calendar.put(CALENDAR, moved(event, version=3))
    await side.calendar.remove(CALENDAR, event.event_id)
    assert (await find(side, event)).deleted
    assert await busy(side, event) == []


@pytest.mark.parametrize("week", [0, 1])
async def test_a_changed_instance_is_a_change_of_the_visit(side, event, week):
    """Whichever it is, the visit has to be compared; an event that is repeated is not deleted."""
    token = (await changes(side)).next_token
    side.owner_changes_instance(event, week, LATER)
    second = await changes(side, token)
    assert (list(second.appointment_ids), second.deleted_ids) == ([event.appointment_id], set())
    side.owner_changes_instance(event, week, None)
    third = await changes(side, second.next_token)
    assert (list(third.appointment_ids), third.deleted_ids) == ([event.appointment_id], set())


async def test_what_we_write_changes_the_visits_instance_only(side, event):
    """A move, another one, a removal: the other instances stay the owner's, also when it is written again."""
    await side.calendar.put(CALENDAR, moved(event, version=3))
    assert await busy(side, event) == [1, 168, 336]
    assert await find(side, event) == StoredEvent(3, Interval(NINE + HOUR, NINE + 2 * HOUR))
    side.owner_changes_instance(event, 0, LATER)
    await side.calendar.put(CALENDAR, moved(event, 3 * HOUR, version=4, keeps_times=True))
    assert await find(side, event) == StoredEvent(4, LATER)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, event.event_id)
    assert (await busy(side, event), (await find(side, event)).deleted) == ([168, 336], True)
    await side.calendar.put(CALENDAR, moved(event, version=5))
    assert await busy(side, event) == [1, 168, 336]


async def test_a_series_that_moves_loses_what_was_written_for_the_visit(side, event):
    """The version says so, and the visit can be written again."""
    await side.calendar.put(CALENDAR, moved(event, version=3))
    side.owner_moves(event, LATER)
    assert await find(side, event) == StoredEvent(2, LATER)
    await side.calendar.put(CALENDAR, moved(event, version=3))
    assert await find(side, event) == StoredEvent(3, Interval(NINE + HOUR, NINE + 2 * HOUR))
    assert await busy(side, event) == [1, 172, 340]


async def test_a_deleted_series_does_not_show_the_version_of_its_visit(side, event):
    """It was written for the instance, and what was written for the series is older."""
    await side.calendar.put(CALENDAR, moved(event, version=3))
    side.owner_deletes(event)
    found = await find(side, event)
    assert (found.version, found.deleted) == (0, True)


async def test_a_visit_of_a_deleted_series_is_restored_alone(side, event):
    """For a later version, as any deleted event."""
    side.owner_deletes(event)
    await side.calendar.put(CALENDAR, moved(event, version=3))
    assert await find(side, event) == StoredEvent(3, Interval(NINE + HOUR, NINE + 2 * HOUR))
    assert side.event_starts() == [(event.event_id, NINE + HOUR)]
    assert len(await side.calendar.find_busy_times(CALENDAR, MONTH, fresh=True)) == 1
