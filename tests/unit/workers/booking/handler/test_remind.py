"""Reminders: planned when a visit is confirmed, and checked when they are due."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import PermanentError, TransientError

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def advance_clock(world, to):
    """Set the clock, and handle what has become due; return the hours of the reminders that were sent."""
    world.clock.set(to)
    before = len(world.notices.delivered)
    for command in world.schedules.due(to):
        assert await world.carry_out(command) is None
    new = world.notices.delivered[before:]
    return [notice.hours_before for notice in new if notice.type == "notice.reminder"]


@pytest.fixture
async def visited(world):
    world.appointment_id = await world.confirmed("2026-01-13T10:00")
    return world


async def test_a_visitor_is_reminded_a_day_and_two_hours_before(visited):
    """They describe the visit; there is no frame in the chat."""
    assert await advance_clock(visited, NINE_UTC - DAY - HOUR / 60) == []
    assert await advance_clock(visited, NINE_UTC - DAY) == [24]
    assert await advance_clock(visited, NINE_UTC - 2 * HOUR) == [2]
    assert await advance_clock(visited, NINE_UTC) == []

    notice = visited.notices.delivered[-1]
    assert (notice.data.appointment_id, notice.data.start) == (visited.appointment_id, NINE_UTC)
    assert (notice.data.contact, notice.data.service_name) == ("jan@example.com", "Massage")
    assert visited.frames() == ["booking.pending", "booking.confirmed"]


async def test_a_schedule_contains_no_personal_data(visited):
    """Names, addresses and numbers stay in our tables."""
    bodies = [one.command.model_dump_json() for one in visited.schedules.planned.values()]
    assert len(bodies) == 2
    assert not [body for body in bodies if re.search(r"\bjan\b|@", body, re.IGNORECASE)]
    assert {one.group for one in visited.schedules.planned.values()} == {"session"}
    assert all(len(name) <= 64 for name in visited.schedules.planned)


async def test_a_hold_has_no_reminders(world):
    """Only a confirmed visit has."""
    await world.held()
    assert world.schedules.planned == {}


async def test_a_late_booking_gets_only_the_remaining_reminders(world):
    """A visit in the afternoon of the same day gets the short one."""
    await world.confirmed("2026-01-12T14:00")
    assert [one.at for one in world.schedules.planned.values()] == [datetime(2026, 1, 12, 11, tzinfo=UTC)]


async def test_a_cancelled_visit_sends_no_reminders(visited):
    """Its schedules are deleted; one that could not be deleted does nothing."""
    visited.schedules.errors += [TransientError("scheduler"), PermanentError("aws_ValidationException")]
    frame = await visited.send("cancel", appointment_id=visited.appointment_id)
    assert frame.type == "booking.cancelled"
    assert len(visited.schedules.planned) == 2
    assert await advance_clock(visited, NINE_UTC - DAY) + await advance_clock(visited, NINE_UTC - HOUR) == []


async def test_a_cancelled_visit_deletes_its_schedules(visited):
    """Nothing is left to become due."""
    await visited.send("cancel", appointment_id=visited.appointment_id)
    assert visited.schedules.planned == {}


async def test_a_visit_is_reminded_of_at_the_times_of_the_profile(new_world):
    """Each has a schedule of its own, which is deleted with the visit."""
    world = new_world(reminder_hours_before=[22, 3])
    appointment_id = await world.confirmed("2026-01-13T10:00")
    assert len(world.schedules.planned) == 2
    assert await advance_clock(world, NINE_UTC - 22 * HOUR) == [22]
    await world.send("cancel", appointment_id=appointment_id)
    assert world.schedules.planned == {}


async def test_a_moved_visit_is_reminded_of_at_its_new_time(visited):
    """The schedules of its earlier time do nothing."""
    await visited.send("reschedule", appointment_id=visited.appointment_id, start="2026-01-15T10:00")
    assert await advance_clock(visited, NINE_UTC - DAY) == []
    assert await advance_clock(visited, NINE_UTC) == []
    assert await advance_clock(visited, NINE_UTC + DAY) == [24]
    assert await advance_clock(visited, NINE_UTC + 2 * DAY - 2 * HOUR) == [2]


async def test_a_visit_that_moved_back_is_reminded_of_once(visited):
    """It moved away and back again: the schedules of its time are the same ones."""
    for start in ("2026-01-15T10:00", "2026-01-13T10:00"):
        await visited.send("reschedule", appointment_id=visited.appointment_id, start=start)
    assert await advance_clock(visited, NINE_UTC - DAY) == [24]
    assert await advance_clock(visited, NINE_UTC - 2 * HOUR) == [2]
    assert await advance_clock(visited, NINE_UTC + 2 * DAY) == []


async def test_a_reminder_that_is_delivered_twice_is_sent_once(visited):
    """EventBridge delivers at least once, and a dead letter may be replayed."""
    [command] = visited.schedules.due(NINE_UTC - DAY)
    visited.clock.set(NINE_UTC - DAY)
    await visited.carry_out(command)
    await visited.carry_out(command)
    await visited.carry_out(command.model_copy(update={"replay": 1}))
    assert visited.notice_types.count("notice.reminder") == 1


@pytest.mark.parametrize(
    ("late", "sent"), [(NINE_UTC - 3 * HOUR, [24]), (NINE_UTC - 2 * HOUR, [2]), (NINE_UTC - HOUR, [2]), (NINE_UTC, [])]
)
async def test_after_an_outage_there_is_one_reminder(visited, late, sent):
    """A reminder is left out if the next one, or the visit itself, is due."""
    assert await advance_clock(visited, late) == sent


OUTAGES = [TransientError("scheduler"), PermanentError("aws_AccessDeniedException")]


async def planned_later(world, *error):
    """Confirm a visit whose reminders can't be planned; return the command that plans them later."""
    world.schedules.errors += error
    world.appointment_id = await world.confirmed("2026-01-15T10:00")
    world.lines = {group for group, _ in world.commands.bodies}
    [command] = world.commands.drain()
    return command


@pytest.mark.parametrize("error", OUTAGES)
async def test_reminders_that_could_not_be_planned_are_planned_later(world, error):
    """The visitor gets the confirmation at once; the planning has its own message group and delays nobody."""
    command = await planned_later(world, error, error)
    assert (world.frames(), world.schedules.planned) == (["booking.pending", "booking.confirmed"], {})
    assert (command.session_id, "jan" in command.model_dump_json()) == ("session", False)
    assert len(world.lines - {"session"}) == 1

    for again in (command, command, command.model_copy(update={"replay": 1})):
        assert await world.carry_out(again) is None
    assert sorted(one.at for one in world.schedules.planned.values()) == [NINE_UTC + DAY, NINE_UTC + 2 * DAY - 2 * HOUR]


@pytest.mark.parametrize("error", OUTAGES)
async def test_a_persisting_failure_is_raised(world, error):
    """So the command is retried, and is finally at the desk as a failure."""
    command = await planned_later(world, error, error)
    world.schedules.errors += [error, error]
    with pytest.raises(type(error)) as refused:
        await world.carry_out(command)

    assert getattr(refused.value, "retry_after", None) == (5 * HOUR / 60 if isinstance(error, TransientError) else None)
    await world.carry_out(command)
    assert len(world.schedules.planned) == 2


@pytest.mark.parametrize("error", [[None, OUTAGES[0]], [OUTAGES[0]], [OUTAGES[1]]])
async def test_missing_reminders_are_added(world, error):
    """Each reminder is tried independently of the other; one that is planned already stays."""
    command = await planned_later(world, *error)
    assert len(world.schedules.planned) == 1
    await world.carry_out(command)
    assert len(world.schedules.planned) == 2


@pytest.mark.parametrize("kind", ["cancel", "reschedule"])
async def test_a_visit_that_has_changed_gets_no_late_reminders(world, kind):
    """It was cancelled, or moved to a time whose reminders were planned then."""
    command = await planned_later(world, *OUTAGES)
    start = {"start": "2026-01-16T10:00"} if kind == "reschedule" else {}
    await world.send(kind, appointment_id=world.appointment_id, **start)
    before = dict(world.schedules.planned)
    await world.carry_out(command)
    assert world.schedules.planned == before


async def test_reminders_that_are_planned_too_late_are_left_out(world):
    """A dead letter is replayed when the visit begins."""
    command = await planned_later(world, *OUTAGES)
    world.clock.set(NINE_UTC + 2 * DAY)
    await world.carry_out(command)
    assert world.schedules.planned == {}


async def test_a_reminder_whose_time_has_passed_is_sent_at_once(world):
    """A dead letter is replayed in the night before the visit."""
    command = await planned_later(world, *OUTAGES)
    world.clock.set(NINE_UTC + DAY + 10 * HOUR)
    await world.carry_out(command)
    assert await advance_clock(world, NINE_UTC + DAY + 11 * HOUR) == [24]
    assert await advance_clock(world, NINE_UTC + 2 * DAY - 2 * HOUR) == [2]


async def test_a_visit_that_moves_twice_during_an_outage_is_reminded_of(world):
    """Away and back again: each change has its own command id, so that none counts as done."""
    first = await planned_later(world, *OUTAGES)
    await world.carry_out(first)
    for start in ("2026-01-16T10:00", "2026-01-15T10:00"):
        world.schedules.planned.clear()
        world.schedules.errors += OUTAGES
        await world.send("reschedule", appointment_id=world.appointment_id, start=start)
        for command in world.commands.drain():
            await world.carry_out(command)
        assert len(world.schedules.planned) == 2
