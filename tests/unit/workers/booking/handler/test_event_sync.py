"""The event of a visit follows by a command of its own: whatever the calendar does, the visitor hears of the visit."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import DependencyDownError, LeaseLostError, RateLimitedError, TransientError
from shared.messages.commands import BOOKING_COMMAND
from tests.unit.workers.booking.handler.conftest import LEASE, replayed
from tests.unit.workers.booking.handler.owner import alerts, changed, stands_at
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.values import AppointmentState, Interval
from workers.booking.facade import forecast_command
from workers.booking.handler.event_sync import request_event_sync

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = "2026-01-13T14:00"

UNUSABLE = {
    "revoked": UnusableCalendarError(CalendarProblem.ACCESS_REVOKED),
    "read-only": UnusableCalendarError(CalendarProblem.FORBIDDEN),
    "deleted": UnusableCalendarError(CalendarProblem.UNKNOWN),
    "frozen": TransientError("calendar.put: timeout"),
}


def break_calendar(world, how):
    """Make the calendar unusable in one of the ways that owners and outages have."""
    if how == "read-only":
        world.calendar.read_only.add("calendar")
    else:
        world.calendar.outage = UNUSABLE[how]


def repair_calendar(world):
    world.calendar.outage = None
    world.calendar.read_only.clear()


def pending_syncs(world):
    return [command for command in world.commands.delivered if command.type == "booking.settle_entry"]


@pytest.mark.parametrize("how", UNUSABLE)
async def test_a_visitor_hears_of_the_visit_whatever_the_calendar_does(world, how):
    """Frame and notice say that it is confirmed; the event follows once the calendar can be used again."""
    appointment_id = await world.held()
    break_calendar(world, how)
    frame = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))

    assert frame.type == "booking.confirmed"
    assert world.frames() == ["booking.pending", "booking.confirmed"]
    assert [one["type"] for one in world.poster.frames("tab")] == world.frames()
    assert world.notice_types == ["notice.code", "notice.confirmed"]
    assert len(world.schedules.planned) == 2
    [sync] = pending_syncs(world)
    assert (sync.data.version, world.events) == (2, [])
    repair_calendar(world)
    await world.sync_events()
    assert [(event.start, event.version) for event in world.events] == [(NINE_UTC, 2)]
    assert world.notice_types == ["notice.code", "notice.confirmed"]


@pytest.mark.parametrize("change", ["cancel", "reschedule", "owner"])
async def test_a_change_ends_without_the_calendar(visited, change):
    """A cancellation, a visitor's move and an owner's move, with a calendar that is only readable."""
    if change == "owner":
        visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC + 5 * HOUR, NINE_UTC + 6 * HOUR))
    break_calendar(visited, "read-only")
    match change:
        case "cancel":
            frame = await visited.send("cancel", appointment_id=visited.appointment_id)
        case "reschedule":
            frame = await visited.send("reschedule", appointment_id=visited.appointment_id, start="2026-01-13T15:00")
        case _:
            frame = await visited.carry_out(changed(visited, visited.appointment_id))

    assert frame.type == ("booking.cancelled" if change == "cancel" else "booking.rescheduled")
    assert [event.version for event in visited.events] == [2]
    repair_calendar(visited)
    await visited.sync_events()
    if change == "cancel":
        assert visited.events == []
    else:
        assert await stands_at(visited) == Interval(NINE_UTC + 5 * HOUR, NINE_UTC + 6 * HOUR)


async def test_a_command_ends_only_when_the_sync_is_queued(world):
    """A queue that fails makes the command fail, and its retry queues the sync under the same id."""
    appointment_id = await world.held()
    verify = world.command("verify", appointment_id=appointment_id, code=world.code(appointment_id))
    world.commands.errors += [TransientError("sqs.send: 503")]
    with pytest.raises(TransientError):
        await world.handle(verify)
    assert (world.frames(), world.events) == (["booking.pending"], [])
    assert (await world.handle(verify)).type == "booking.confirmed"
    assert len(world.events) == 1


async def test_an_owners_edit_soon_after_a_sync_is_undone(visited):
    """The queue drops an id that it had a minute ago, so each refusal is a version of its own."""
    visited.commands.clock = visited.clock
    into_the_past = Interval(NINE_UTC - 48 * HOUR, NINE_UTC - 47 * HOUR)
    for number in (1, 2):
        visited.clock.advance(timedelta(minutes=1))
        visited.calendar.owner_moves(visited.appointment_id, into_the_past)
        assert await visited.carry_out(changed(visited, visited.appointment_id, number)) is None
        assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert (await visited.appointment(visited.appointment_id)).version == 4
    assert alerts(visited) == ["calendar_move_refused"]


async def test_a_replayed_command_syncs_again(visited):
    """Within five minutes of the first attempt, whose sync is done."""
    visited.commands.clock = visited.clock
    move = visited.command("reschedule", client_id="r1", appointment_id=visited.appointment_id, start=LATER)
    visited.conversations.errors.append(TransientError("down"))
    with pytest.raises(TransientError):
        await visited.handle(move)
    await visited.sync_events()
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC, NINE_UTC + HOUR))
    await visited.handle(replayed(move))
    assert await stands_at(visited) == Interval(NINE_UTC + 4 * HOUR, NINE_UTC + 5 * HOUR)


async def test_each_version_command_and_replay_has_its_own_id(visited):
    """The same three have the same id. All syncs of a visit are in one group, so that they never run side by side."""
    appointment = await visited.appointment(visited.appointment_id)
    first = visited.command("reschedule", client_id="r1", appointment_id=visited.appointment_id, start=LATER)
    second = visited.command("reschedule", client_id="r2", appointment_id=visited.appointment_id, start=LATER)
    later = replace(appointment, version=3)
    asked = [(first, appointment), (first, appointment), (first, later), (second, appointment)]
    for command, version in [*asked, (replayed(first), appointment), (replayed(first, 2), appointment)]:
        await request_event_sync(visited.ports, command, version)
    ids = [BOOKING_COMMAND.validate_json(body).claim_key for _, body in visited.commands.bodies]
    assert (len(ids), len(set(ids)), ids[0]) == (6, 5, ids[1])
    assert {group for group, _ in visited.commands.bodies} == {visited.appointment_id}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
async def test_syncs_in_any_order_leave_the_last_version(world, order):
    """As the desk replays them: each writes what the appointment says now."""
    world.calendar.read_only.add("calendar")
    appointment_id = await world.confirmed()
    await world.send("reschedule", appointment_id=appointment_id, start=LATER)
    await world.send("cancel", appointment_id=appointment_id)
    syncs = pending_syncs(world)
    assert [sync.data.version for sync in syncs] == [2, 3, 4]
    world.calendar.read_only.clear()
    for number in order:
        await world.carry_out(replayed(syncs[number]))
        assert world.events == []


async def test_a_paused_worker_leaves_no_event_of_a_cancelled_visit(world):
    """Its lease ran out before it wrote, and others have synced the cancellation since: it reads the visit again."""
    world.calendar.read_only.add("calendar")
    appointment_id = await world.confirmed()
    [sync] = pending_syncs(world)
    world.calendar.read_only.clear()
    reached, go_on, put = asyncio.Event(), asyncio.Event(), world.calendar.put

    async def pause(calendar_id, event, **options):
        reached.set()
        await go_on.wait()
        await put(calendar_id, event, **options)

    world.calendar.put = pause
    paused = asyncio.create_task(world.carry_out(sync))
    await reached.wait()
    world.clock.advance(LEASE * 1.1)
    await world.send("cancel", appointment_id=appointment_id)
    assert pending_syncs(world) == []
    go_on.set()
    with pytest.raises(LeaseLostError):
        await paused
    assert (world.calendar.calls.count("put"), world.events) == (2, [])


async def test_a_replay_leaves_an_event_that_the_owner_deleted(visited):
    """The deletion is a cancellation that has not been read yet."""
    sync = await ask_for_sync(visited)
    visited.calendar.owner_deletes(visited.appointment_id)
    await visited.carry_out(replayed(sync))
    assert visited.events == []
    await visited.carry_out(changed(visited, visited.appointment_id))
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CANCELLED


async def test_a_sync_of_an_erased_visit_does_nothing(visited):
    """Its session was erased while the calendar could not be used."""
    sync = await ask_for_sync(visited)
    visited.appointments.rows.clear()
    calls = len(visited.calendar.calls)
    assert await visited.carry_out(sync) is None
    assert len(visited.calendar.calls) == calls


async def test_retries_are_minutes_apart(visited):
    """The first is quick; then the calendar has time to recover, and after five attempts it is a failure."""
    sync = await ask_for_sync(visited)
    visited.calendar.outage = TransientError("calendar.put: 503", retry_after=timedelta(seconds=2))
    waits = []
    for _ in range(4):
        with pytest.raises(TransientError) as raised:
            await visited.carry_out(sync)
        waits.append(raised.value.retry_after)
    assert waits == [timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=5)]


async def ask_for_sync(world):
    """Queue another sync of the visit, and return it instead of carrying it out."""
    command = world.command("verify", appointment_id=world.appointment_id, code="123456")
    await request_event_sync(world.ports, command, await world.appointment(world.appointment_id))
    [sync] = world.commands.drain()
    return sync


async def test_a_forecast_says_what_is_missing_in_the_calendar(world):
    """Nothing, the visit, its new time, or its removal; and whether the calendar can be written to."""
    world.calendar.read_only.add("calendar")
    world.appointment_id = await world.confirmed()
    [sync] = pending_syncs(world)

    async def forecast():
        found = await forecast_command(world.ports, replayed(sync))
        return found.kind, found.start.isoformat()

    found = await forecast_command(world.ports, sync)
    assert (found.kind, found.code) == ("would_fail", "calendar_forbidden")
    world.calendar.read_only.clear()
    assert await forecast() == ("would_be_entered", "2026-01-13T10:00:00+01:00")
    await world.sync_events()
    assert (await forecast())[0] == "already_done"
    world.calendar.owner_moves(world.appointment_id, Interval(NINE_UTC + HOUR, NINE_UTC + 2 * HOUR))
    assert (await forecast())[0] == "would_be_entered"
    world.calendar.owner_deletes(world.appointment_id)
    assert (await forecast())[0] == "already_done"
    await world.send("reschedule", appointment_id=world.appointment_id, start=LATER)
    assert await forecast() == ("already_done", "2026-01-13T14:00:00+01:00")
    world.calendar.fail("remove", *[UNUSABLE["revoked"]] * 2)
    await world.send("cancel", appointment_id=world.appointment_id)
    assert (await forecast())[0] == "would_be_removed"
    await world.sync_events()
    await world.sync_events()
    assert (await forecast())[0] == "already_done"
    world.appointments.rows.clear()
    assert (await forecast_command(world.ports, sync)).kind == "already_done"


@pytest.mark.parametrize("change", [None, "cancel", "reschedule"])
async def test_a_deleted_calendar_is_replaced_in_the_profile(new_world, make_profile, change):
    """The replay enters the visit in the new calendar; what happens to the visit then, happens there."""
    world = new_world()
    world.calendar.events["new"], world.calendar.owners["new"] = {}, []
    world.appointment_id = await world.held()
    deleted = world.calendar.events.pop("calendar")
    await world.send("verify", appointment_id=world.appointment_id, code=world.code(world.appointment_id))
    [sync] = pending_syncs(world)
    world.tenants.blocking.profiles["salon-ania"] = make_profile(calendar_id="new", senders={"email": "s@example.com"})
    assert (await forecast_command(world.ports, sync)).kind == "would_be_entered"
    await world.carry_out(replayed(sync))
    assert (await forecast_command(world.ports, sync)).kind == "already_done"
    if change:
        more = {"start": LATER} if change == "reschedule" else {}
        await world.send(change, appointment_id=world.appointment_id, **more)
    starts = [event.start for event in world.calendar.events["new"].values()]
    assert starts == {None: [NINE_UTC], "cancel": [], "reschedule": [NINE_UTC + 4 * HOUR]}[change]
    assert (pending_syncs(world), deleted) == ([], {})


async def test_a_calendar_of_the_profile_has_to_work(new_world):
    """The event of a cancelled visit stays in a calendar that can't be written to: its sync is not done."""
    world = new_world()
    await world.confirmed()
    world.calendar.read_only.add("calendar")
    await world.send("cancel", appointment_id=next(iter(world.appointments.rows))[0])
    assert len(pending_syncs(world)) == 1


@pytest.mark.parametrize("kind", [RateLimitedError, DependencyDownError])
async def test_a_sync_whose_calendar_is_not_asked_is_no_attempt(world, kind):
    """The error stays what it is, so the worker core counts nothing; the event follows when the calendar is asked."""
    world.calendar.fail("put", *(kind("not asked", retry_after=timedelta(seconds=9)) for _ in range(2)))
    await world.confirmed()
    [sync] = pending_syncs(world)
    claim = await world.claims.claim(sync.claim_key, fingerprint="f", lease=LEASE)
    with pytest.raises(kind) as raised:
        await world.handler.handle(sync, claim)
    assert raised.value.retry_after == timedelta(seconds=9)
    await world.claims.release(claim)
    await world.sync_events()
    assert len(world.events) == 1
