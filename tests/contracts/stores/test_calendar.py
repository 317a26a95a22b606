"""The business's calendar: one suite for the fake, and for Google's client against the stand-in."""

import asyncio
from dataclasses import replace

import pytest

from shared.errors import PermanentError
from tests.contracts.stores.calendars import CALENDAR, HOUR, MORNING, NINE, SECOND, InMemory, moved, visit
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime


@pytest.fixture(params=["memory", "google"])
def side(request):
    return InMemory() if request.param == "memory" else request.getfixturevalue("google")


def spans(busy):
    return [one.interval for one in busy]


async def test_busy_times_are_the_owners_and_ours(side):
    """Both occupy time and can be distinguished; the rest is free."""
    assert list(await side.calendar.find_busy_times(CALENDAR, MORNING)) == []
    side.owner_enters(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR))
    event = visit()
    await side.calendar.put(CALENDAR, event)
    assert sorted(
        await side.calendar.find_busy_times(CALENDAR, MORNING, fresh=True), key=lambda one: one.interval.start
    ) == [
        BusyTime(Interval(NINE, NINE + HOUR), event.appointment_id, event.version),
        BusyTime(Interval(NINE + 2 * HOUR, NINE + 3 * HOUR)),
    ]


async def test_an_event_that_is_written_twice_exists_once(side):
    """A retry of the same command finds its own event."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, event)
    assert side.event_starts() == [(event.event_id, NINE)]


async def test_an_event_that_is_written_again_is_moved(side):
    """The same event with another time is at the new time only."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, moved(event, version=3))
    assert spans(await side.calendar.find_busy_times(CALENDAR, MORNING)) == [Interval(NINE + HOUR, NINE + 2 * HOUR)]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({}, ("Renamed", "Tel. 1")),
        ({"summary": "Jan, VIP"}, ("Jan, VIP", "Tel. 1")),
        ({"description": "Brings a dog"}, ("Renamed", "Brings a dog")),
        ({"summary": "", "description": ""}, ("", "")),
    ],
)
async def test_what_the_owner_wrote_stays(side, written, kept):
    """Over any number of moves; a text that is still ours follows."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_writes(event, **written)
    for version in (3, 4, 4):
        await side.calendar.put(CALENDAR, moved(event, version=version, summary="Renamed", description="Tel. 1"))
        assert side.texts(event) == kept
    assert side.event_starts() == [(event.event_id, NINE + HOUR)]


@pytest.mark.parametrize("repeated", [False, True])
async def test_what_the_owner_wrote_follows_into_another_calendar(side, repeated):
    """And back, where the event is restored; a text that is ours is written anew, and the owner's stay the owner's."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_writes(event, description="Brings a dog")
    if repeated:
        side.owner_repeats(event, 3)
    there = replace(event, version=3, summary="Renamed", description="Tel. 1")
    for _ in range(2):
        await side.calendar.put(SECOND, there, earlier=(CALENDAR,))
        assert side.texts(event, SECOND) == ("Renamed", "Brings a dog")
    await side.calendar.remove(CALENDAR, event.event_id)
    side.owner_writes(event, SECOND, summary="Jan, VIP")
    await side.calendar.put(SECOND, replace(there, version=4, summary="Again"), earlier=(CALENDAR,))
    assert side.texts(event, SECOND) == ("Jan, VIP", "Brings a dog")
    if not repeated:
        await side.calendar.put(CALENDAR, replace(there, version=5), earlier=("nobody", SECOND))
        assert side.texts(event) == ("Jan, VIP", "Brings a dog")
        await side.calendar.put(CALENDAR, replace(there, version=6, description="Tel. 2"), earlier=(SECOND,))
        assert side.texts(event) == ("Jan, VIP", "Brings a dog")


async def test_a_text_that_the_owner_took_back_is_ours_again(side):
    """In each calendar by itself: what is there stays, whatever an earlier one still has, and follows when it moves."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_writes(event, summary="Jan, VIP", description="Brings a dog")
    await side.calendar.put(SECOND, replace(event, version=3), earlier=(CALENDAR,))
    side.owner_writes(event, SECOND, summary=event.summary, description="Brings a cat")
    await side.calendar.put(SECOND, replace(event, version=4, summary="Renamed"), earlier=(CALENDAR,))
    assert side.texts(event, SECOND) == ("Renamed", "Brings a cat")
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.put(CALENDAR, replace(event, version=5, summary="Renamed"), earlier=(SECOND,))
    await side.calendar.put(CALENDAR, replace(event, version=6, summary="Again"), earlier=(SECOND,))
    assert side.texts(event) == ("Again", "Brings a cat")


async def test_a_newer_version_can_leave_the_owners_times(side):
    """Of an event of an earlier version only: what was written for this version is restored."""
    event = visit()
    there, later = moved(event, HOUR, version=3, keeps_times=True), Interval(NINE + 5 * HOUR, NINE + 7 * HOUR)
    await side.calendar.put(CALENDAR, event)
    side.owner_moves(event, later)
    await side.calendar.put(CALENDAR, there)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(3, later)
    await side.calendar.put(CALENDAR, there)
    restored = StoredEvent(3, Interval(NINE + HOUR, NINE + 2 * HOUR))
    assert await side.calendar.find_event(CALENDAR, event.event_id) == restored
    side.owner_deletes(event)
    await side.calendar.put(CALENDAR, moved(there, HOUR, version=4))
    assert side.event_starts() == [(event.event_id, NINE + 2 * HOUR)]


@pytest.mark.parametrize("deleted", [False, True])
async def test_an_event_of_a_later_version_stays(side, deleted):
    """A late command does not undo what a later one wrote, nor what the owner did to that."""
    event = visit()
    await side.calendar.put(CALENDAR, moved(event, version=3))
    if deleted:
        side.owner_deletes(event)
    await side.calendar.put(CALENDAR, event)
    assert side.event_starts() == ([] if deleted else [(event.event_id, NINE + HOUR)])


async def test_an_event_that_the_owner_moved_is_restored(side):
    """A write gives the event the given state, also if only the owner changed it, and however often."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_moves(event, Interval(NINE + HOUR, NINE + 3 * HOUR))
    await side.calendar.put(CALENDAR, event)
    assert spans(await side.calendar.find_busy_times(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]
    side.owner_makes_all_day(event)
    await side.calendar.put(CALENDAR, event)
    assert spans(await side.calendar.find_busy_times(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]


async def test_a_deleted_event_is_restored_only_for_a_newer_version(side):
    """A retry does not undo the deletion; a move does, although Google never reuses the event's id."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_deletes(event)
    assert side.event_starts() == []
    await side.calendar.put(CALENDAR, event)
    assert side.event_starts() == []
    await side.calendar.put(CALENDAR, replace(event, version=event.version + 1))
    assert side.event_starts() == [(event.event_id, NINE)]
    assert spans(await side.calendar.find_busy_times(CALENDAR, MORNING)) == [Interval(NINE, NINE + HOUR)]


async def test_removing_an_event_twice_is_no_error(side):
    """Removing frees the time; an event that is gone or never existed is no error."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, event.event_id)
    await side.calendar.remove(CALENDAR, visit().event_id)
    assert side.event_starts() == []
    assert list(await side.calendar.find_busy_times(CALENDAR, MORNING)) == []


async def test_an_event_of_a_cancelled_visit_that_the_owner_restores(side):
    """It has the version of the cancellation, which tells it from one that is still to be removed; it stays."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    for _ in range(2):
        await side.calendar.remove(CALENDAR, event.event_id, cancelled_version=3)
        assert (await side.calendar.find_event(CALENDAR, event.event_id)).deleted
    side.owner_restores(event)
    await side.calendar.remove(CALENDAR, event.event_id, cancelled_version=3)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(3, Interval(NINE, NINE + HOUR))
    await side.calendar.put(CALENDAR, moved(event, version=2))
    assert side.event_starts() == [(event.event_id, NINE)]


async def test_an_event_is_read_back(side):
    """With its times and version; an event that the owner moved has the new times and the old version."""
    event = visit()
    assert await side.calendar.find_event(CALENDAR, event.event_id) is None
    await side.calendar.put(CALENDAR, event)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(2, Interval(NINE, NINE + HOUR))
    side.owner_moves(event, MORNING)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(2, MORNING)
    side.owner_makes_all_day(event)
    assert await side.calendar.find_event(CALENDAR, event.event_id) == StoredEvent(2, None)


@pytest.mark.parametrize("who", ["owner", "us"])
async def test_a_deleted_event_is_marked_as_deleted(side, who):
    """It differs from an event that never existed."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    if who == "owner":
        side.owner_deletes(event)
    else:
        await side.calendar.remove(CALENDAR, event.event_id)
    stored = await side.calendar.find_event(CALENDAR, event.event_id)
    assert stored
    assert stored.deleted


async def test_changes_are_those_since_the_last_sync(side):
    """New, moved and deleted events of ours, each once, and none of the owner's own."""
    still, away, gone, new = (visit(NINE + n * HOUR) for n in range(4))
    for event in (still, away, gone):
        await side.calendar.put(CALENDAR, event)
    side.owner_enters(MORNING)
    first = await side.calendar.list_changes(CALENDAR, None)
    assert set(first.appointment_ids) == {one.appointment_id for one in (still, away, gone)}

    side.owner_moves(away, MORNING)
    side.owner_deletes(gone)
    await side.calendar.put(CALENDAR, new)
    second = await side.calendar.list_changes(CALENDAR, first.next_token)
    assert sorted(second.appointment_ids) == sorted(one.appointment_id for one in (away, gone, new))
    assert second.deleted_ids == {gone.appointment_id}

    third = await side.calendar.list_changes(CALENDAR, second.next_token)
    assert list(third.appointment_ids) == []
    again = await side.calendar.list_changes(CALENDAR, first.next_token)
    assert sorted(again.appointment_ids) == sorted(second.appointment_ids)


async def test_an_event_that_is_deleted_again_has_changed(side):
    """Between two reads it was written once more: what the owner deleted the second time is not what was read."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    side.owner_deletes(event)
    first = await side.calendar.list_changes(CALENDAR, None)
    await side.calendar.put(CALENDAR, replace(event, version=event.version + 1))
    side.owner_deletes(event)

    found = await side.calendar.list_changes(CALENDAR, first.next_token)
    assert list(found.appointment_ids) == [event.appointment_id]
    assert found.deleted_ids == {event.appointment_id}


async def test_an_expired_token_returns_all_events(side):
    """All our events count as changed then, deleted ones too."""
    event, gone = visit(), visit()
    await side.calendar.put(CALENDAR, event)
    await side.calendar.put(CALENDAR, gone)
    token = (await side.calendar.list_changes(CALENDAR, None)).next_token
    side.expire_tokens()
    side.owner_deletes(gone)

    found = await side.calendar.list_changes(CALENDAR, token)
    assert sorted(found.appointment_ids) == sorted([event.appointment_id, gone.appointment_id])
    assert list((await side.calendar.list_changes(CALENDAR, found.next_token)).appointment_ids) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda calendar: calendar.is_writable("nobody"),
        lambda calendar: calendar.put("nobody", visit()),
        lambda calendar: calendar.remove("nobody", visit().event_id),
        lambda calendar: calendar.list_changes("nobody", None),
    ],
)
async def test_an_unknown_calendar_is_permanent(side, call):
    """The owner must repair a calendar that does not exist or is not shared with us."""
    with pytest.raises(PermanentError) as refusal:
        await call(side.calendar)
    assert refusal.value.reason == "calendar_unknown"


async def test_a_read_only_calendar_refuses_writes(side):
    """Its busy times can be read; a write is refused, and the owner must repair it."""
    event = visit()
    await side.calendar.put(CALENDAR, event)
    assert await side.calendar.is_writable(CALENDAR)
    side.owner_shares_to_read()

    assert not await side.calendar.is_writable(CALENDAR)
    assert len(await side.calendar.find_busy_times(CALENDAR, MORNING, fresh=True)) == 1
    writes = (side.calendar.put(CALENDAR, visit()), side.calendar.remove(CALENDAR, event.event_id))
    for refused in await asyncio.gather(*writes, return_exceptions=True):
        assert isinstance(refused, PermanentError)
        assert refused.reason == "calendar_forbidden"
    assert side.event_starts() == [(event.event_id, event.start)]


async def test_concurrent_calls_do_not_interfere(side):
    """Twelve events that are written concurrently all exist, each once."""
    events = [visit(NINE + n * HOUR) for n in range(12)]
    await asyncio.gather(*(side.calendar.put(CALENDAR, event) for event in events))
    assert sorted(side.event_starts()) == sorted((event.event_id, event.start) for event in events)
