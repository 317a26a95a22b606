"""One business's calendar that fails keeps nobody else away; a server that fails keeps all away, for a short time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.circuits.reports import CircuitReports
from shared.errors import DependencyDownError, TransientError
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from tests.fakes.turned_loop import run_turned
from workers.booking.adapters.guarded_calendar import (
    CALENDAR_CIRCUITS,
    READ_SECONDS,
    WRITE_SECONDS,
    CalendarGuards,
    GuardedCalendar,
    describe_calendar,
)
from workers.booking.adapters.remembered_times import MAX_AGE, RememberedBusyTimes
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.values import Interval
from workers.booking.ports import BusyTime

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MORNING = Interval(NINE, NINE + 3 * HOUR)
OURS, OTHERS = "ours@example.com", ("b@example.com", "c@example.com", "d@example.com")
PAUSE = CALENDAR_CIRCUITS.open_seconds


class Provider(FakeCalendar):
    """A provider some of whose calendars hang or fail."""

    def __init__(self, *names):
        super().__init__(*names)
        self.hanging, self.failing = set(), {}
        self.asked = []
        self.under_way = self.max_under_way = 0

    async def _calendar(self, call, calendar_id):
        self.asked.append(calendar_id)
        self.under_way += 1
        self.max_under_way = max(self.max_under_way, self.under_way)
        try:
            if calendar_id in self.hanging:
                await asyncio.sleep(3600)
            if calendar_id in self.failing:
                raise self.failing[calendar_id]
            return await super()._calendar(call, calendar_id)
        finally:
            self.under_way -= 1


class Guarded:
    def __init__(self, names=(OURS, *OTHERS)):
        self.provider, self.clock, self.metrics = Provider(*names), FakeClock(NINE), FakeMetrics()
        self.memory = RememberedBusyTimes(self.clock)
        reports = CircuitReports(metrics=self.metrics, clock=self.clock)
        self.calendar = GuardedCalendar(self.provider, guards=CalendarGuards("google", reports), memory=self.memory)

    async def read(self, calendar_id=OURS):
        """Return the kind of the error, or None, and the seconds that it took."""
        began = asyncio.get_running_loop().time()
        try:
            await self.calendar.find_busy_times(calendar_id, MORNING)
        except (TransientError, UnusableCalendarError) as error:
            return type(error), asyncio.get_running_loop().time() - began
        return None, asyncio.get_running_loop().time() - began


def test_a_calendar_that_hangs_costs_three_waits_and_keeps_nobody_else_away():
    """After the pause one call finds out whether it is back."""

    async def run():
        guarded = Guarded()
        guarded.provider.hanging.add(OURS)
        assert [await guarded.read() for _ in range(4)] == [
            (TransientError, READ_SECONDS),
            (TransientError, READ_SECONDS),
            (DependencyDownError, READ_SECONDS),
            (DependencyDownError, 0),
        ]
        assert await guarded.read(OTHERS[0]) == (None, 0)
        guarded.provider.hanging.clear()
        assert await guarded.read() == (DependencyDownError, 0)
        await asyncio.sleep(PAUSE)
        assert await guarded.read() == (None, 0)

    run_turned(run())


def test_calls_to_one_calendar_do_not_take_all_threads():
    """Three at once; the others wait for them, and not longer than a call may take."""

    async def run():
        guarded = Guarded()
        guarded.provider.hanging.add(OURS)
        reads = [asyncio.create_task(guarded.read()) for _ in range(20)]
        await asyncio.sleep(0)
        assert await guarded.read(OTHERS[0]) == (None, 0)
        outcomes = await asyncio.gather(*reads)
        assert guarded.provider.max_under_way == 4
        assert {seconds for _, seconds in outcomes} == {READ_SECONDS}
        assert guarded.provider.asked.count(OURS) == 3

    run_turned(run())


def test_a_server_whose_calendars_all_fail_is_not_called():
    """The circuits of three calendars have opened, and none was answered: a fourth one waits no more."""

    async def run():
        guarded = Guarded()
        guarded.provider.failing = dict.fromkeys((OURS, *OTHERS), TransientError("503"))
        for name in (OURS, *OTHERS[:2]):
            for _ in range(3):
                await guarded.read(name)
        asked = len(guarded.provider.asked)
        assert await guarded.read(OTHERS[2]) == (DependencyDownError, 0)
        assert len(guarded.provider.asked) == asked
        guarded.provider.failing = {}
        await asyncio.sleep(PAUSE)
        assert [await guarded.read(name) for name in (OTHERS[2], OURS)] == [(None, 0)] * 2

    run_turned(run())


def test_one_calendar_that_is_answered_keeps_the_server_in_use():
    """However many others fail."""

    async def run():
        guarded = Guarded()
        guarded.provider.failing = dict.fromkeys((OURS, *OTHERS[:2]), TransientError("503"))
        for name in (OURS, *OTHERS[:2]):
            for _ in range(3):
                await guarded.read(name)
            assert await guarded.read(OTHERS[2]) == (None, 0)

    run_turned(run())


def test_a_broken_calendar_that_tries_the_server_keeps_it_away_for_another_pause_only():
    """Another one is the next to try, and finds that the server is back."""

    async def run():
        guarded = Guarded()
        guarded.provider.failing = dict.fromkeys((OURS, *OTHERS), TransientError("503"))
        for name in (OURS, *OTHERS[:2]):
            for _ in range(3):
                await guarded.read(name)
        guarded.provider.failing = {OURS: TransientError("503")}
        await asyncio.sleep(PAUSE)
        assert await guarded.read(OURS) == (DependencyDownError, 0)
        assert await guarded.read(OTHERS[2]) == (DependencyDownError, 0)
        await asyncio.sleep(PAUSE)
        assert await guarded.read(OTHERS[2]) == (None, 0)

    run_turned(run())


@pytest.mark.parametrize("problem", [CalendarProblem.ACCESS_REVOKED, CalendarProblem.UNKNOWN])
def test_a_refusal_is_an_answer(problem):
    """It comes at once, and the first call after the repair works."""

    async def run():
        guarded = Guarded()
        guarded.provider.failing[OURS] = UnusableCalendarError(problem)
        assert {await guarded.read() for _ in range(9)} == {(UnusableCalendarError, 0)}
        guarded.provider.failing = {}
        assert await guarded.read() == (None, 0)

    run_turned(run())


@pytest.mark.parametrize(
    ("call", "seconds"),
    [
        (lambda calendar: calendar.put(OURS, None), WRITE_SECONDS),
        (lambda calendar: calendar.remove(OURS, "event"), WRITE_SECONDS),
        (lambda calendar: calendar.find_event(OURS, "event"), READ_SECONDS),
        (lambda calendar: calendar.is_writable(OURS), READ_SECONDS),
        (lambda calendar: calendar.list_changes(OURS, None), 60),
    ],
)
def test_each_call_has_a_limit(call, seconds):
    """That of an event is longer: nobody waits for it."""

    async def run():
        guarded = Guarded()
        guarded.provider.hanging.add(OURS)
        began = asyncio.get_running_loop().time()
        with pytest.raises(TransientError):
            await call(guarded.calendar)
        assert asyncio.get_running_loop().time() - began == seconds

    run_turned(run())


async def test_an_answer_is_remembered_for_the_interval_that_it_covers():
    """In its zone, and for a quarter of an hour."""
    guarded = Guarded()
    busy = Interval(NINE + HOUR, NINE + 2 * HOUR)
    guarded.provider.block(busy, OURS)
    await guarded.read()
    recall = guarded.memory.recall
    assert recall(OURS, MORNING, None).times == (BusyTime(busy),)
    assert recall(OURS, Interval(NINE, NINE + HOUR), None).times == ()
    assert recall(OURS, MORNING, None).read_at == NINE
    assert recall(OURS, Interval(NINE, NINE + 4 * HOUR), None) is None
    assert recall(OTHERS[0], MORNING, None) is None
    guarded.clock.advance(MAX_AGE)
    assert recall(OURS, MORNING, None)
    guarded.clock.advance(timedelta(seconds=1))
    assert recall(OURS, MORNING, None) is None


async def test_many_narrow_answers_do_not_displace_what_they_do_not_cover():
    """Of answers that cover each other the later one counts."""
    guarded = Guarded()
    await guarded.read()
    for _ in range(50):
        await guarded.calendar.find_busy_times(OURS, Interval(NINE, NINE + HOUR))
    assert guarded.memory.recall(OURS, MORNING, None)
    guarded.provider.block(MORNING, OURS)
    guarded.clock.advance(timedelta(minutes=1))
    await guarded.read()
    assert guarded.memory.recall(OURS, Interval(NINE, NINE + HOUR), None).times == (BusyTime(MORNING),)


@pytest.mark.parametrize(
    ("calendar_id", "masked"),
    [
        ("ania@example.com", "a***@e***.com"),
        ("abc123@group.calendar.google.com", "a***@g***.com"),
        ("https://ania:secret@dav.example.com/calendars/ania/", "dav.example.com/***"),
        ("primary", "***"),
    ],
)
def test_operators_read_no_address(calendar_id, masked):
    """A calendar's id may be somebody's address."""
    assert describe_calendar(calendar_id) == masked
