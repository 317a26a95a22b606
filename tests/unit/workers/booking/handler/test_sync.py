"""Detecting changes in calendars: a tick, a read of each due calendar, a comparison of each changed visit."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.errors import RateLimitedError, TransientError
from shared.messages.commands import BOOKING_COMMAND
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.due_calendars import READ_AT_ONCE
from workers.booking.domain.values import Interval
from workers.booking.ports import LastSync

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = Interval(datetime(2026, 1, 13, 13, tzinfo=UTC), datetime(2026, 1, 13, 14, tzinfo=UTC))


def tick(world, number=1):
    """Return the command that the schedule puts on the queue each minute."""
    return BOOKING_COMMAND.validate_python(
        {
            "version": 1,
            "type": "calendar.tick",
            "id": f"53dc4d37-cffa-4f76-80c9-8b7d4a4d2ea{number}",
            "tenant": "*",
            "session_id": "calendars",
            "accepted_at": world.clock.now(),
            "locale": "en",
            "data": {},
        }
    )


def sync(world, number=1, calendar_id="calendar"):
    """Return the command that a tick queues for a calendar where there are many."""
    return BOOKING_COMMAND.validate_python(
        {
            "type": "calendar.sync",
            "id": f"sync-{number}-{calendar_id}",
            "tenant": "salon-ania",
            "session_id": f"group-{calendar_id}",
            "accepted_at": world.clock.now(),
            "locale": "en",
            "data": {"calendar_id": calendar_id},
        }
    )


def readings(world):
    return world.calendar.calls.count("list_changes")


async def minute(world, number=1):
    """Handle a tick, which reads the calendars; return the comparisons."""
    world.clock.advance(MINUTE)
    await world.carry_out(tick(world, number))
    return world.commands.drain()


@pytest.fixture
async def visited(world):
    """Return a business with one visit, whose calendar was read."""
    world.appointment_id = await world.confirmed()
    await minute(world, 0)
    return world


MANY = [{"id": f"room-{number}", "calendar_id": f"calendar-{number}"} for number in range(READ_AT_ONCE)]
"""Together with that of the business one calendar more than a tick reads by itself."""


async def test_a_tick_reads_few_calendars_by_itself(new_world):
    """Those of the business and of its resources, in one command; a repeated tick reads nothing again."""
    resources = [{"id": "anna", "calendar_id": "anna"}, {"id": "room", "seats": 2}, {"id": "ola", "calendar_id": "ola"}]
    world = new_world(resources=resources)
    for calendar_id in ("anna", "ola"):
        world.calendar.events[calendar_id], world.calendar.owners[calendar_id] = {}, []
    command = tick(world)
    await world.carry_out(command)
    await world.handler.handle(command, await world.claims.claim("again", fingerprint="f", lease=HOUR))

    assert sorted(world.sync_tokens.rows) == ["anna", "calendar", "ola"]
    assert readings(world) == 3
    assert world.commands.drain() == []


async def test_a_tick_queues_one_read_per_calendar_if_there_are_many(new_world):
    """Those of the business and of its resources; a repeated tick queues the same commands."""
    world = new_world(resources=MANY)
    command = tick(world)
    await world.carry_out(command)
    first = world.commands.drain()
    await world.handler.handle(command, await world.claims.claim("again", fingerprint="f", lease=HOUR))

    assert [one.data.calendar_id for one in first] == ["calendar", *(one["calendar_id"] for one in MANY)]
    assert len({one.session_id for one in first}) == len(first)
    assert {one.tenant for one in first} == {"salon-ania"}
    assert world.commands.drain() == first


async def test_each_tick_queues_new_reads(new_world):
    """A minute later it is another command."""
    world = new_world(resources=MANY)
    await world.carry_out(tick(world, 1))
    await world.carry_out(tick(world, 2))
    assert len(world.commands.drain()) == 2 * (READ_AT_ONCE + 1)


async def test_a_business_without_a_valid_profile_is_skipped(world):
    """The calendars of the others are read."""
    world.tenants.blocking.bad.add("another")
    await world.carry_out(tick(world))
    assert list(world.sync_tokens.rows) == ["calendar"]


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-01-13T07:01", False),  # two hours before it opens
        ("2026-01-13T07:05", False),
        ("2026-01-13T07:15", True),
        ("2026-01-13T07:59", False),
        ("2026-01-13T08:01", True),  # within the hour before
        ("2026-01-13T12:31", True),  # at lunch
        ("2026-01-13T17:59", True),  # within the hour after
        ("2026-01-13T18:01", False),
        ("2026-01-17T10:01", False),  # on a Saturday
        ("2026-01-17T10:00", True),
    ],
)
async def test_outside_opening_hours_a_calendar_is_read_every_quarter_of_an_hour(world, at, due):
    """Open is from an hour before its hours to an hour after them, in its own time zone."""
    world.clock.set(datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/Warsaw")).astimezone(UTC))
    await world.carry_out(tick(world))
    assert readings(world) == int(due)


@pytest.mark.parametrize(("age", "waits"), [(0, True), (120, True), (121, False)])
async def test_a_read_without_a_request_left_waits_until_a_later_one_is_due(world, age, waits):
    """It is no attempt; after two minutes a later tick has its own."""
    command = sync(world)
    world.clock.advance(timedelta(seconds=age))
    world.calendar.fail("list_changes", RateLimitedError("none left"))
    if waits:
        with pytest.raises(RateLimitedError):
            await world.carry_out(command)
        await world.carry_out(command)
        assert list(world.sync_tokens.rows) == ["calendar"]
    else:
        assert await world.carry_out(command) is None
        assert world.sync_tokens.rows == {}


async def test_a_tick_without_a_request_left_ends(world):
    """The next one reads."""
    world.calendar.fail("list_changes", RateLimitedError("none left"))
    await world.carry_out(tick(world))
    assert (readings(world), world.sync_tokens.rows) == (1, {})


async def test_the_other_calendars_are_read_when_one_fails(new_world):
    """The tick is retried, and then reads the one that is missing."""
    world = new_world(resources=[{"id": "anna", "calendar_id": "anna"}])
    world.calendar.events["anna"], world.calendar.owners["anna"] = {}, []
    working = world.sync_tokens.get

    async def get(calendar_id):
        if calendar_id == "calendar":
            raise TransientError("calendars.get")
        return await working(calendar_id)

    world.sync_tokens.get = get
    command = tick(world)
    with pytest.raises(TransientError):
        await world.carry_out(command)
    assert list(world.sync_tokens.rows) == ["anna"]

    world.sync_tokens.get = working
    await world.handler.handle(command, await world.claims.claim("again", fingerprint="f", lease=HOUR))
    assert sorted(world.sync_tokens.rows) == ["anna", "calendar"]
    assert readings(world) == 2


@pytest.mark.parametrize("how", ["moved", "deleted"])
async def test_a_changed_visit_is_queued_for_comparison(visited, how):
    """The command is in the visitor's message group and contains only the appointment's id."""
    if how == "moved":
        visited.calendar.owner_moves(visited.appointment_id, LATER)
    else:
        visited.calendar.owner_deletes(visited.appointment_id)
    [command] = await minute(visited)

    assert (command.type, command.session_id, command.tenant) == ("calendar.changed", "session", "salon-ania")
    assert command.data.model_dump(exclude_none=True) == {"appointment_id": visited.appointment_id}
    assert await minute(visited, 2) == []


async def test_of_cancelled_visits_only_restored_events_are_queued(visited):
    """Not our own removal; an event whose visitor cancelled is queued for the alert."""
    visited.calendar.owner_deletes(visited.appointment_id)
    for command in await minute(visited):
        await visited.carry_out(command)
    theirs = await visited.confirmed("2026-01-14T10:00", session="another")
    await visited.send("cancel", session="another", appointment_id=theirs)
    assert await minute(visited, 2) == []
    for appointment_id in (visited.appointment_id, theirs):
        visited.calendar.owner_restores(appointment_id)
    assert {one.data.appointment_id for one in await minute(visited, 3)} == {visited.appointment_id, theirs}


async def test_the_message_group_is_the_visitors_session(visited):
    """So it waits for the visitor's earlier commands."""
    visited.calendar.owner_deletes(visited.appointment_id)
    visited.clock.advance(MINUTE)
    await visited.carry_out(sync(visited))
    assert [group for group, _ in visited.commands.bodies] == ["session"]


async def test_a_crash_before_the_token_is_stored_repeats(visited):
    """The change is detected again; nothing is lost, and the visitor's group gets the same command."""
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    visited.clock.advance(MINUTE)
    command = sync(visited)
    visited.commands.errors.append(TransientError("sqs"))
    before = dict(visited.sync_tokens.rows)
    with pytest.raises(TransientError):
        await visited.carry_out(command)
    assert visited.sync_tokens.rows == before

    await visited.carry_out(command)
    assert [one.type for one in visited.commands.drain()] == ["calendar.changed"]
    assert visited.sync_tokens.rows != before


async def test_an_overtaken_read_stores_nothing(visited):
    """The other read's token stays, and the next read continues from there."""
    other = LastSync("another", visited.clock.now())

    class Overtaken(type(visited.sync_tokens)):
        async def put(self, calendar_id, last, *, tenant, replaces):
            self.rows[calendar_id] = other
            return await super().put(calendar_id, last, tenant=tenant, replaces=replaces)

    visited.sync_tokens.__class__ = Overtaken
    visited.calendar.owner_deletes(visited.appointment_id)
    assert len(await minute(visited)) == 1
    assert visited.sync_tokens.rows["calendar"] == other


async def test_many_queued_reads_are_one_read(visited):
    """After an outage of ten minutes the first command reads for all: the others were accepted before that read."""
    syncs = []
    for number in range(9):
        visited.clock.advance(MINUTE)
        syncs.append(sync(visited, number))
    before = readings(visited)
    visited.clock.advance(MINUTE)
    for command in syncs:
        await visited.carry_out(command)
    assert readings(visited) == before + 1


async def test_an_expired_token_finds_every_future_visit(visited):
    """Cancelled visits and visits that have begun need no command."""
    await visited.confirmed("2026-01-14T10:00", session="another")
    gone = await visited.confirmed("2026-01-15T10:00", session="third")
    await visited.send("cancel", session="third", appointment_id=gone)
    visited.calendar.expire_tokens()
    visited.clock.advance(timedelta(days=1, hours=4))

    assert [one.session_id for one in await minute(visited)] == ["another"]


async def test_an_event_in_another_businesss_calendar_uses_the_visits_own_tenant(visited):
    """An event under the id of another business's visit only causes a comparison with that visit's own event."""
    visited.calendar.events["foreign"] = {}
    visited.calendar.owners["foreign"] = []
    [event] = visited.events
    visited.calendar.events["foreign"][event.event_id] = event
    visited.tenants.blocking.profiles["villain"] = visited.tenants.blocking.profiles["salon-ania"].model_copy(
        update={"calendar_id": "foreign"}
    )
    [command] = await minute(visited)
    assert (command.tenant, command.session_id) == ("salon-ania", "session")
    assert await visited.carry_out(command) is None


async def test_an_unknown_visit_is_ignored(visited):
    """The event's id could be ours, but there is no such appointment."""
    [event] = visited.events
    visited.calendar.events["calendar"]["apt" + "0" * 32] = event
    assert await minute(visited) == []


async def test_a_calendar_that_does_not_answer_is_read_in_the_next_minute(visited):
    """There is no retry, dead letter or alert; the changes are detected then."""
    visited.calendar.owner_deletes(visited.appointment_id)
    visited.calendar.fail("list_changes", TransientError("calendar.changes: 503"))
    assert await minute(visited) == []
    assert "notice.alert" not in visited.notice_types
    assert len(await minute(visited, 2)) == 1


async def test_an_unusable_calendar_is_alerted_once_an_hour(visited):
    """The alert says what to do; the calendar is tried again every minute."""
    closed = [UnusableCalendarError(CalendarProblem.FORBIDDEN) for _ in range(3)]
    visited.calendar.fail("list_changes", *closed)
    visited.clock.set(datetime(2026, 1, 12, 8, 57, tzinfo=UTC))
    for number in (1, 2, 3):
        assert await minute(visited, number) == []

    alerts = [notice for notice in visited.notices.delivered if notice.type == "notice.alert"]
    assert [one.data.reason for one in alerts] == ["calendar_forbidden"] * 2  # At 8:58 and 8:59, and at 9:00.
    assert "Share the calendar" in alerts[0].data.advice
    assert alerts[0].tenant == "salon-ania"


async def test_a_failure_of_our_own_tables_is_retried(world):
    """It is not the calendar's failure, so the worker core retries it as usual."""

    async def get(_calendar_id):
        raise TransientError("calendars.get")

    world.sync_tokens.get = get
    with pytest.raises(TransientError):
        await world.carry_out(sync(world))
