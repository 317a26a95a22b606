"""The business's calendar: one suite on the fake, and on Google's client against the stand-in."""

import asyncio
from dataclasses import replace

import pytest

from shared.errors import PermanentError
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, InMemory, moved, visit
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime


@pytest.fixture(params=["memory", "google"])
def side(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("google")


def spans(busy):
    return [one.interval for one in busy]


async def test_busy_times_are_the_owners_and_ours(side):
    """What the owner entered and what we entered blocks time, and can be told apart; the rest is free."""
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []
    side.owner_enters(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR))
    event = visit()
    await side.calendar.put(CALENDAR, event)
    assert sorted(await side.calendar.busy(CALENDAR, MORNING, fresh=True), key=lambda one: one.interval.start) == [
        BusyTime(Interval(NINE, NINE + HOUR), event.appointment_id),
        BusyTime(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR)),
    ]


async def test_busy_times_that_only_touch_the_window_are_left_out(side):
    """A visit that ends when the window begins is none of its business."""
    side.owner_enters(Interval(NINE - 2 * HOUR, NINE - HOUR))
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []


async def test_busy_times_that_stick_out_of_the_window_are_whole(side):
    """Nothing is cut: the window only says what is asked for."""
    long = Interval(NINE - 5 * HOUR, NINE + 9 * HOUR)
    side.owner_enters(long)
    assert spans(await side.calendar.busy(CALENDAR, MORNING)) == [long]


async def test_an_event_put_twice_is_there_once(side):
    """A second try of the same command finds its own event."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, event)
    assert side.event_starts() == [(event.event_id, NINE)]


async def test_an_event_put_again_is_moved(side):
    """The same event with another time stands at the new time only."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, moved(event, version=3))
    assert spans(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE + HOUR, NINE + 2 * HOUR)]


@pytest.mark.parametrize("deleted", [False, True])
async def test_an_event_of_a_later_version_stays(side, deleted):
    """A command that comes late does not undo what a later one wrote, nor what the owner did to that."""
    event = visit()
    await side.calendar.put(CALENDAR, moved(event, version=3))
    if deleted:
        side.owner_deletes(event)
    await side.calendar.put(CALENDAR, event)
    assert side.event_starts() == ([] if deleted else [(event.event_id, NINE + HOUR)])


async def test_an_event_that_the_owner_moved_goes_back(side):
    """Putting makes it be there as given, also when only the owner changed it, and how often is all the same."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_moves(event, Interval(NINE + HOUR, NINE + 3 * HOUR))
    await side.calendar.put(CALENDAR, event)
    assert spans(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]
    side.owner_makes_all_day(event)
    await side.calendar.put(CALENDAR, event)
    assert spans(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]


async def test_an_event_that_the_owner_deleted_comes_back_for_a_newer_version_alone(side):
    """A retry does not undo the deletion; a move does, although Google never gives its id out again."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_deletes(event)
    assert side.event_starts() == []
    await side.calendar.put(CALENDAR, event)
    assert side.event_starts() == []
    await side.calendar.put(CALENDAR, replace(event, version=event.version + 1))
    assert side.event_starts() == [(event.event_id, NINE)]
    assert spans(await side.calendar.busy(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]


async def test_an_event_removed_twice_is_gone(side):
    """Removing frees the time; an event that is gone, or never was, is no error."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, visit().event_id)
    assert side.event_starts() == []
    assert list(await side.calendar.busy(CALENDAR, MORNING)) == []


async def test_an_event_is_read_back(side):
    """With its times and version; one that the owner moved says the new times under the old version."""
    event = visit()
    assert await side.calendar.find_event(CALENDAR, event.event_id) is None
    await side.calendar.put(CALENDAR, event)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(2, Interval(NINE, NINE + HOUR))
    side.owner_moves(event, MORNING)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(2, MORNING)
    side.owner_makes_all_day(event)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(2, None)


@pytest.mark.parametrize("who", ["owner", "us"])
async def test_a_deleted_event_says_so(side, who):
    """Which is not the same as an event that never was."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    if who == "owner":
        side.owner_deletes(event)
    else:
        await side.calendar.remove(CALENDAR, event.event_id)
    stored = await side.calendar.find_event(CALENDAR, event.event_id)
    assert stored
    assert stored.deleted


async def test_changes_are_those_since_the_last_reading(side):
    """New, moved and deleted events of ours, each once; the owner's own are none of our business."""
    still, away, gone, new = (visit(NINE + n * HOUR) for n in range(4))
    for event in (still, away, gone):
        await side.calendar.put(CALENDAR, event)
    side.owner_enters(MORNING)
    first = await side.calendar.changes(CALENDAR, None)
    assert set(first.appointment_ids) == {one.appointment_id for one in (still, away, gone)}

    side.owner_moves(away, MORNING)
    side.owner_deletes(gone)
    await side.calendar.put(CALENDAR, new)
    second = await side.calendar.changes(CALENDAR, first.next_token)
    assert sorted(second.appointment_ids) == sorted(one.appointment_id for one in (away, gone, new))

    third = await side.calendar.changes(CALENDAR, second.next_token)
    assert list(third.appointment_ids) == []
    again = await side.calendar.changes(CALENDAR, first.next_token)
    assert sorted(again.appointment_ids) == sorted(second.appointment_ids)


async def test_a_token_that_is_too_old_starts_anew(side):
    """Every event of ours counts as changed then, also the one that was deleted meanwhile."""
    event, gone = visit(), visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, gone)
    token = (await side.calendar.changes(CALENDAR, None)).next_token
    side.expire_tokens()
    side.owner_deletes(gone)

    found = await side.calendar.changes(CALENDAR, token)
    assert sorted(found.appointment_ids) == sorted([event.appointment_id, gone.appointment_id])
    assert list((await side.calendar.changes(CALENDAR, found.next_token)).appointment_ids) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda calendar: calendar.busy("nobody", MORNING),
        lambda calendar: calendar.is_writable("nobody"),
        lambda calendar: calendar.put("nobody", visit()),
        lambda calendar: calendar.changes("nobody", None),
    ],
)
async def test_an_unknown_calendar_is_permanent(side, call):
    """A calendar that is not there, or not shared with us, is for the owner to mend."""
    with pytest.raises(PermanentError) as refusal:
        await call(side.calendar)
    assert refusal.value.reason == "calendar_unknown"


async def test_a_calendar_that_was_shared_to_be_read_says_so(side):
    """Its busy times are read; an entry is refused, for the owner to mend."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    assert await side.calendar.is_writable(CALENDAR)
    side.owner_shares_to_read()

    assert not await side.calendar.is_writable(CALENDAR)
    assert len(await side.calendar.busy(CALENDAR, MORNING, fresh=True)) == 1
    writes = (side.calendar.put(CALENDAR, visit()), side.calendar.remove(CALENDAR, event.event_id))
    for refused in await asyncio.gather(*writes, return_exceptions=True):
        assert isinstance(refused, PermanentError)
        assert refused.reason == "calendar_forbidden"
    assert side.event_starts() == [(event.event_id, event.start)]


async def test_calls_side_by_side_do_not_mix(side):
    """Twelve events put at the same time are all there, each once."""
    events = [visit(NINE + n * HOUR) for n in range(12)]
    await asyncio.gather(*(side.calendar.put(CALENDAR, event) for event in events))
    assert sorted(side.event_starts()) == sorted((event.event_id, event.start) for event in events)
