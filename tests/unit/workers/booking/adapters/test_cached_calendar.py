"""What the half-minute memory of busy times may answer, and what it must forget."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import TransientError
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from workers.booking.adapters.cached_calendar import MAX_AGE, CachedCalendar
from workers.booking.domain.event_id import event_id
from workers.booking.domain.values import Interval
from workers.booking.ports import CalendarEvent

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MORNING = Interval(NINE - HOUR, NINE + 3 * HOUR)
EVENT = CalendarEvent(
    event_id=event_id("0123456789"),
    appointment_id="0123456789",
    version=2,
    start=NINE,
    end=NINE + HOUR,
    time_zone="Europe/Warsaw",
    summary="Masaż",
    description="",
)


class SlowCalendar(FakeCalendar):
    """Reads when it is asked, and answers when it is told to."""

    def __init__(self):
        super().__init__()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def busy(self, calendar_id, between, *, fresh=False):
        found = await super().busy(calendar_id, between, fresh=fresh)
        await self.may_answer.wait()
        return found

    async def put(self, calendar_id, event):
        await asyncio.sleep(0)
        await self.may_write.wait()
        await super().put(calendar_id, event)


@pytest.fixture
def clock():
    return FakeClock(NINE)


@pytest.fixture
def google():
    return SlowCalendar()


@pytest.fixture
def calendar(google, clock):
    return CachedCalendar(google, clock)


async def spans(calendar, between=MORNING, **how):
    return [busy.interval for busy in await calendar.busy("calendar", between, **how)]


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_busy_times_are_asked_for_once_in_half_a_minute(google, calendar, clock):
    """Also for another day nearby; after that they are asked for anew."""
    assert await spans(calendar) == []
    assert timedelta(seconds=30) == MAX_AGE
    google.block(MORNING)
    clock.turn(MAX_AGE - timedelta(seconds=1))
    assert await spans(calendar, Interval(NINE + 2 * HOUR, NINE + 10 * HOUR)) == []
    assert google.calls == ["busy"]
    clock.turn(timedelta(seconds=1))
    assert await spans(calendar) == [MORNING]
    assert google.calls == ["busy", "busy"]


async def test_what_has_to_be_fresh_is_asked_for(google, calendar):
    """Whatever is kept."""
    await spans(calendar)
    google.block(MORNING)
    assert await spans(calendar, fresh=True) == [MORNING]
    assert google.looks == [False, True]


async def test_what_a_fresh_look_contradicts_is_forgotten(google, calendar):
    """The owner has filled the whole morning: who is refused one hour of it is not offered the next."""
    await spans(calendar)
    await spans(calendar, Interval(NINE, NINE + HOUR), fresh=True)
    await spans(calendar)
    assert google.looks == [False, True]
    google.block(MORNING)
    assert await spans(calendar, Interval(NINE, NINE + HOUR), fresh=True) == [MORNING]
    assert await spans(calendar, Interval(NINE + HOUR, NINE + 2 * HOUR)) == [MORNING]


async def test_a_time_beyond_what_is_kept_is_asked_for(google, calendar):
    """An answer for this week says nothing about the next."""
    await spans(calendar)
    google.block(Interval(MORNING.start + 7 * DAY, MORNING.end + 7 * DAY))
    assert len(await spans(calendar, Interval(MORNING.start + 7 * DAY, MORNING.end + 7 * DAY))) == 1


async def test_many_who_ask_at_once_are_one_question(google, calendar):
    """The others wait for its answer."""
    google.may_answer.clear()
    asking = [asyncio.create_task(spans(calendar)) for _ in range(20)]
    await settle()
    google.may_answer.set()
    assert await asyncio.gather(*asking) == [[]] * 20
    assert google.calls == ["busy"]


async def test_an_answer_is_as_old_as_its_question(google, calendar, clock):
    """Google may have looked right then, and taken its time to say so."""
    google.may_answer.clear()
    asking = asyncio.create_task(spans(calendar))
    await settle()
    clock.turn(MAX_AGE)
    google.may_answer.set()
    await asking
    await spans(calendar)
    assert google.calls == ["busy", "busy"]


async def test_what_is_written_is_seen_at_once(google, calendar):
    """A visit that was just entered or removed is not listed as free or busy for half a minute."""
    await spans(calendar)
    await calendar.put("calendar", EVENT)
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]
    await calendar.remove("calendar", EVENT.event_id)
    assert await spans(calendar) == []


async def test_an_answer_from_before_a_write_is_not_kept(google, calendar):
    """The question was on its way when the event was put."""
    google.may_answer.clear()
    asking = asyncio.create_task(spans(calendar))
    await settle()
    await calendar.put("calendar", EVENT)
    google.may_answer.set()
    assert await asking == []
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]


async def test_an_answer_from_during_a_write_is_not_kept(google, calendar):
    """The question was asked and answered while the write was on its way."""
    google.may_write.clear()
    writing = asyncio.create_task(calendar.put("calendar", EVENT))
    await settle()
    assert await spans(calendar) == []
    google.may_write.set()
    await writing
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]


async def test_a_write_that_failed_may_have_gone_through(google, calendar):
    """Its answer may have been lost, so what was kept is not believed any more."""
    google.fail("put", TransientError("time-out"))
    await spans(calendar)
    with pytest.raises(TransientError):
        await calendar.put("calendar", EVENT)
    google.events["calendar"][EVENT.event_id] = EVENT
    assert await spans(calendar) == [Interval(NINE, NINE + HOUR)]


async def test_a_change_by_the_owner_is_seen_once_it_is_known(google, calendar):
    """Reading the changes tells of it; reading that there are none keeps what is kept."""
    await calendar.put("calendar", EVENT)
    token = (await calendar.changes("calendar", None)).next_token
    await spans(calendar)
    token = (await calendar.changes("calendar", token)).next_token
    await spans(calendar)
    assert google.calls.count("busy") == 1
    later = Interval(NINE + HOUR, NINE + 2 * HOUR)
    google.owner_moves(EVENT.appointment_id, later)
    await calendar.changes("calendar", token)
    assert await spans(calendar) == [later]


async def test_an_event_is_read_from_the_calendar_itself(google, calendar):
    """Nothing of a single event is kept."""
    await calendar.put("calendar", EVENT)
    first = await calendar.find_event("calendar", EVENT.event_id)
    google.events["calendar"][EVENT.event_id] = replace(EVENT, end=NINE + 2 * HOUR)
    second = await calendar.find_event("calendar", EVENT.event_id)
    assert (first.interval.end, second.interval.end) == (NINE + HOUR, NINE + 2 * HOUR)


async def test_all_who_wait_for_a_calendar_that_fails_wait_once(google, calendar):
    """Ten who ask at the same time share one look-up and its trouble; the next one asks anew."""
    google.may_answer.clear()
    google.fail("busy", TransientError("calendar.busy: 503"))
    asking = [asyncio.create_task(spans(calendar)) for _ in range(10)]
    await settle()
    google.may_answer.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TransientError] * 10
    assert google.calls == ["busy"]
    assert await spans(calendar) == []


async def test_who_is_cut_off_leaves_the_look_up_to_the_others(google, calendar):
    """The first to ask may go; the others get what it asked for."""
    google.may_answer.clear()
    first, second = (asyncio.create_task(spans(calendar)) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    google.may_answer.set()
    assert await second == []
    assert google.calls == ["busy"]


async def test_who_asks_after_a_write_is_not_told_what_was_before_it(google, calendar):
    """A look-up that began before the write is the others' alone."""
    google.may_answer.clear()
    early = asyncio.create_task(spans(calendar))
    await settle()
    await calendar.put("calendar", EVENT)
    late = asyncio.create_task(spans(calendar))
    await settle()
    google.may_answer.set()
    assert (await early, await late) == ([], [Interval(NINE, NINE + HOUR)])
