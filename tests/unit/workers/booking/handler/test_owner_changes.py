"""What is booked, and what the visitor is notified of, after the owner changed a visit's event."""

from datetime import UTC, timedelta

import pytest

from shared.errors import PermanentError, TransientError
from tests.unit.workers.booking.handler.owner import (
    DAY,
    HOUR,
    LATER,
    MINUTE,
    NINE_UTC,
    TWO,
    alerts,
    assert_only_refused,
    changed,
    follow,
    spend_minutes,
    stands_at,
)
from workers.booking.domain.values import AppointmentState, Interval
from workers.booking.handler.calendar_event import list_outdated_calendars, write_to_calendars


async def test_our_own_write_changes_nothing(visited):
    """The calendar reports it as a change, like everything that we write."""
    before = await visited.appointment(visited.appointment_id)
    assert await follow(visited) is None
    assert await visited.appointment(visited.appointment_id) == before
    assert visited.notice_types == ["notice.code", "notice.confirmed"]


async def test_a_deleted_event_cancels_the_visit(visited):
    """The visitor gets a frame and a notice; the time is free, and there are no reminders."""
    assert len(visited.schedules.planned) == 2
    visited.calendar.owner_deletes(visited.appointment_id)
    frame = await follow(visited)

    assert (frame.type, frame.re, frame.data.by) == ("booking.cancelled", None, "business")
    assert frame.data.appointment_id == visited.appointment_id
    assert visited.poster.frames("tab")[-1]["data"]["by"] == "business"
    notice = visited.notices.delivered[-1]
    assert (notice.type, notice.by) == ("notice.cancelled", "business")
    assert "STATUS:CANCELLED" in notice.ics
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CANCELLED
    assert visited.appointments.buckets == {}
    assert visited.schedules.planned == {}
    assert visited.events == []


@pytest.mark.parametrize("step", [None, "tables", "notices", "commands"])
async def test_a_restored_event_reinstates_the_visit(visited, step):
    """The visitor gets a frame and a confirmation, and the visit is booked as before; once, though interrupted."""
    before = await visited.appointment(visited.appointment_id)
    visited.calendar.owner_deletes(visited.appointment_id)
    await follow(visited)
    visited.clock.advance(MINUTE)
    visited.calendar.owner_restores(visited.appointment_id)
    if step:
        error = TransientError("cut off")
        if step == "tables":
            visited.appointments.fail(error)
        else:
            getattr(visited, step).errors.append(error)
        with pytest.raises(TransientError):
            await follow(visited, 2)
    frame = await follow(visited, 2)

    assert (frame.type, frame.re, frame.data.start) == ("booking.confirmed", None, NINE_UTC)
    after = await visited.appointment(visited.appointment_id)
    assert (after.state, after.resource, after.version) == (AppointmentState.CONFIRMED, before.resource, 4)
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert {bucket.hold_until for bucket in visited.appointments.buckets.values()} == {None}
    assert visited.notice_types[-2:] == ["notice.cancelled", "notice.confirmed"]
    assert visited.notices.delivered[-1].reinstates
    assert len(visited.schedules.planned) == 2
    assert await follow(visited, 3) is None


async def test_a_restored_event_at_another_time_is_the_visit(visited):
    """The owner restored and moved it before it was read."""
    visited.calendar.owner_deletes(visited.appointment_id)
    await follow(visited)
    visited.calendar.owner_restores(visited.appointment_id)
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    assert (await follow(visited, 2)).type == "booking.confirmed"
    assert await stands_at(visited) == LATER


@pytest.mark.parametrize("obstacle", ["another visit", "the past"])
async def test_a_restored_event_without_a_free_time_raises_an_alert(visited, obstacle):
    """The visit stays cancelled, and its visitor hears nothing; the owner decides about the event."""
    visited.calendar.owner_deletes(visited.appointment_id)
    await follow(visited)
    if obstacle == "another visit":
        await visited.confirmed(session="another", contact="another@example.com")
    visited.calendar.owner_restores(visited.appointment_id)
    if obstacle == "the past":
        visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC - 3 * DAY, NINE_UTC - 3 * DAY + HOUR))
    assert await follow(visited, 2) is None
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CANCELLED
    assert alerts(visited) == ["calendar_move_refused"]
    assert visited.frames().count("booking.confirmed") == 1


async def test_an_event_whose_visitor_cancelled_reinstates_nothing(visited):
    """The visitor does not want the visit; until our removal is done, the event looks as if it was restored."""
    visited.calendar.fail("remove", TransientError("503"))
    await visited.send("cancel", appointment_id=visited.appointment_id)
    assert len(visited.events) == 1
    assert await follow(visited) is None
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CANCELLED


async def test_a_restored_event_whose_visitor_cancelled_raises_one_alert(visited):
    """The visit stays cancelled and its visitor hears nothing, but the time is busy; later reads say nothing more."""
    await visited.send("cancel", appointment_id=visited.appointment_id)
    assert visited.events == []
    visited.calendar.owner_restores(visited.appointment_id)
    frames, before = visited.frames(), await visited.appointment(visited.appointment_id)
    for number in range(3):
        assert await follow(visited, number) is None
        visited.clock.advance(2 * HOUR)
    assert (visited.frames(), await visited.appointment(visited.appointment_id)) == (frames, before)
    assert alerts(visited) == ["calendar_visit_restored"]
    alert = visited.notices.delivered[-1].data.advice
    assert alert.startswith("The visit was to start on 2026-01-13 at 10:00. The event of a visit was restored")
    assert (await visited.create("2026-01-13T10:00", session="another")).data.code == "SLOT_TAKEN"
    assert len(visited.events) == 1


async def test_a_late_removal_leaves_a_restored_event(visited):
    """The sync is delivered again after the owner has restored the event; the forecast of a replay says the same."""
    await visited.send("cancel", appointment_id=visited.appointment_id)
    visited.calendar.owner_restores(visited.appointment_id)
    appointment = await visited.appointment(visited.appointment_id)
    profile = await visited.ports.tenants.get_profile("salon-ania")
    assert await list_outdated_calendars(visited.ports, appointment, profile) == []
    await write_to_calendars(visited.ports, appointment, profile)
    assert len(visited.events) == 1


async def test_a_moved_event_moves_the_visit(visited):
    """Only the new time is occupied; the event has the new version, and reminders are planned again."""
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    frame = await follow(visited)

    assert (frame.type, frame.re, frame.data.by) == ("booking.rescheduled", None, "business")
    assert (frame.data.start, frame.data.end) == (LATER.start, LATER.end)
    notice = visited.notices.delivered[-1]
    assert (notice.type, notice.by, notice.data.start) == ("notice.rescheduled", "business", LATER.start)
    assert notice.previous_start == NINE_UTC
    assert await stands_at(visited) == LATER
    occupied = await visited.appointments.find_occupied_times(
        "salon-ania", Interval(NINE_UTC, LATER.end), at=visited.clock.now()
    )
    assert {one.interval.start >= LATER.start for one in occupied} == {True}
    assert sorted(one.at for one in visited.schedules.planned.values()) == [LATER.start - DAY, LATER.start - 2 * HOUR]


async def test_reminders_of_a_moved_event_that_can_not_be_planned_are_planned_later(visited):
    """Those of the earlier time are deleted first."""
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    visited.schedules.errors += [None, None, TransientError("scheduler"), TransientError("scheduler")]
    assert (await follow(visited)).type == "booking.rescheduled"
    assert visited.schedules.planned == {}
    [command] = visited.commands.drain()
    await visited.carry_out(command)
    assert sorted(one.at for one in visited.schedules.planned.values()) == [LATER.start - DAY, LATER.start - 2 * HOUR]


async def test_an_event_that_the_owner_repeats(visited):
    """Its first instance is the visit, which can still be moved within its own time; the others are busy."""
    visited.calendar.owner_repeats(visited.appointment_id, 3)
    week = timedelta(weeks=1)
    assert (await visited.create("2026-01-20T10:00", session="another")).data.code == "SLOT_TAKEN"
    there = (NINE_UTC + week).isoformat()
    frame = await visited.send("reschedule", appointment_id=visited.appointment_id, start=there)
    assert frame.data.code == "SLOT_TAKEN"
    half_an_hour_later = (NINE_UTC + HOUR / 2).isoformat()
    frame = await visited.send("reschedule", appointment_id=visited.appointment_id, start=half_an_hour_later)
    assert frame.type == "booking.rescheduled"


async def test_a_longer_event_occupies_more_time(visited):
    """The owner extended it over lunch, when no visitor can book."""
    stretched = Interval(NINE_UTC, NINE_UTC + 3 * HOUR)
    visited.calendar.owner_moves(visited.appointment_id, stretched)
    assert (await follow(visited)).type == "booking.rescheduled"
    assert await stands_at(visited) == stretched
    assert (await visited.create("2026-01-13T11:00", session="another")).data.code == "SLOT_TAKEN"


@pytest.mark.parametrize("minutes", [30, 90, 120])
async def test_a_visit_keeps_its_length_when_its_visitor_moves_it(visited, minutes):
    """Only a time with room for all of it is accepted or offered; it starts where others of its service do."""
    length = minutes * MINUTE
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC, NINE_UTC + length))
    await follow(visited)
    last = "2026-01-14T16:00"  # An hour before the business closes.
    frame = await visited.send("reschedule", appointment_id=visited.appointment_id, start=last)
    if minutes > 60:
        assert (frame.type, frame.data.code) == ("error", "INVALID_TIME")
        start = frame.data.alternatives[0].start.astimezone(UTC)
        assert {offer.end - offer.start for offer in frame.data.alternatives} == {length}
    else:
        assert frame.type == "booking.rescheduled"
        start = NINE_UTC + DAY - 30 * MINUTE
    moved = await visited.send("reschedule", appointment_id=visited.appointment_id, start=start.isoformat())
    assert moved.type == "booking.rescheduled"
    assert await stands_at(visited) == Interval(start, start + length)
    busy = await visited.appointments.find_occupied_times(
        "salon-ania", Interval(NINE_UTC, NINE_UTC + 2 * DAY), at=visited.clock.now()
    )
    assert sum(((one.interval.end - one.interval.start) for one in busy), start=0 * MINUTE) == length


async def test_the_same_command_twice_has_one_effect(visited):
    """Delivered twice and replayed later: one change, one frame, one notice."""
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    for replay in (0, 0, 1):
        await follow(visited, replay=replay)
    assert visited.notice_types.count("notice.rescheduled") == 1
    assert (await visited.appointment(visited.appointment_id)).version == 3
    assert await stands_at(visited) == LATER


async def test_two_commands_for_one_change_have_one_effect(visited):
    """This happens when a sync was repeated."""
    visited.calendar.owner_deletes(visited.appointment_id)
    assert await follow(visited, 1) is not None
    assert await follow(visited, 2) is None
    assert visited.frames().count("booking.cancelled") == 1


@pytest.mark.parametrize(
    ("how", "step"),
    [
        *((how, step) for how in ("moved", "deleted") for step in ("tables", "calendar", "notices")),
        ("moved", "commands"),
    ],
)
async def test_an_interrupted_command_is_completed(visited, how, step):
    """Earlier effects are not repeated, and missing ones are completed."""
    if how == "moved":
        visited.calendar.owner_moves(visited.appointment_id, LATER)
    else:
        visited.calendar.owner_deletes(visited.appointment_id)
    error = TransientError("cut off")
    match step:
        case "tables":
            visited.appointments.fail(error)
        case "calendar":
            visited.calendar.fail("find_event", error)
        case "notices":
            visited.notices.errors.append(error)
        case _:
            visited.commands.errors.append(error)
    with pytest.raises(TransientError):
        await follow(visited)
    frame = await follow(visited)

    assert frame.type == ("booking.rescheduled" if how == "moved" else "booking.cancelled")
    assert visited.notice_types.count(f"notice.{frame.type.partition('.')[2]}") == 1
    if how == "moved":
        assert await stands_at(visited) == LATER
    else:
        assert visited.appointments.buckets == {}


async def test_buckets_that_a_crash_left_behind_are_freed(visited):
    """The visit was cancelled; the worker crashed before its time was free."""
    visited.calendar.owner_deletes(visited.appointment_id)
    visited.appointments.stuck.append(TransientError("died"))
    with pytest.raises(TransientError):
        await follow(visited)
    assert visited.appointments.buckets
    await follow(visited)
    assert visited.appointments.buckets == {}


@pytest.mark.parametrize("how", ["moved", "deleted"])
async def test_a_visit_that_has_begun_does_not_change(visited, how):
    """The owner deletes or moves its event afterwards."""
    if how == "moved":
        visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC + 9 * DAY, NINE_UTC + 9 * DAY + HOUR))
    else:
        visited.calendar.owner_deletes(visited.appointment_id)
    visited.clock.set(NINE_UTC)
    assert await follow(visited) is None
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CONFIRMED


async def test_the_visitors_own_change_has_priority(visited):
    """What the visitor changed before this command ran has overwritten what the owner did."""
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    await visited.send("reschedule", appointment_id=visited.appointment_id, start="2026-01-14T10:00")
    assert await follow(visited) is None
    assert await stands_at(visited) == Interval(NINE_UTC + DAY, NINE_UTC + DAY + HOUR)


async def test_an_event_that_is_not_written_yet_is_ignored(visited):
    """The visitor moved the visit while the calendar was unusable: the owner's move of the old event does not count."""
    closed = PermanentError("calendar_access_revoked")
    visited.calendar.fail("put", closed, closed)
    await visited.send("reschedule", appointment_id=visited.appointment_id, start="2026-01-14T10:00")
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    assert await follow(visited) is None
    await visited.sync_events()
    assert await stands_at(visited) == Interval(NINE_UTC + DAY, NINE_UTC + DAY + HOUR)


async def test_an_appointment_that_the_visitor_cancelled_stays_cancelled(visited):
    """Our own deletion is reported as a change, and changes nothing."""
    await visited.send("cancel", appointment_id=visited.appointment_id)
    assert await follow(visited) is None
    assert visited.frames().count("booking.cancelled") == 1
    assert visited.notice_types.count("notice.cancelled") == 1


async def test_a_new_calendar_deletes_nothing(visited):
    """The business has a new calendar, which never had our events."""
    visited.calendar.events["new"] = {}
    visited.calendar.owners["new"] = []
    profiles = visited.tenants.blocking.profiles
    profiles["salon-ania"] = profiles["salon-ania"].model_copy(update={"calendar_id": "new"})
    assert await follow(visited) is None
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CONFIRMED


async def test_another_sessions_visit_is_not_found(visited):
    """A command with the wrong session finds nothing."""
    visited.calendar.owner_deletes(visited.appointment_id)
    assert await follow(visited, session="another") is None
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CONFIRMED


@pytest.mark.parametrize("own_calendars", [False, True])
async def test_a_visit_moves_to_another_resource_of_the_same_calendar(new_world, own_calendars):
    """The owner moved it onto the resource's other visit: with one calendar for all, a colleague can have it."""
    world = new_world(resources=[one | ({"calendar_id": one["id"]} if own_calendars else {}) for one in TWO])
    for name in ("anna", "ola"):
        world.calendar.events[name], world.calendar.owners[name] = {}, []
    world.appointment_id = await world.confirmed()
    first = await world.appointment(world.appointment_id)
    sessions = ("another", "third")
    others = [await world.confirmed("2026-01-13T11:00", session=session) for session in sessions]
    for session, other_id in zip(sessions, others, strict=True):
        if (await world.appointment(other_id, session)).resource != first.resource:
            await world.send("cancel", session=session, appointment_id=other_id)
    calendar_id = first.resource if own_calendars else "calendar"
    world.calendar.owner_moves(world.appointment_id, Interval(NINE_UTC + HOUR, NINE_UTC + 2 * HOUR), calendar_id)

    frame = await follow(world)
    await spend_minutes(world)
    moved = await world.appointment(world.appointment_id)
    if own_calendars:
        assert frame is None
        assert_only_refused(first, moved)
        assert alerts(world) == ["calendar_move_refused"]
    else:
        assert frame.type == "booking.rescheduled"
        assert moved.resource != first.resource


async def test_the_owner_may_exceed_a_daily_cap(new_world):
    """If the cap has a free unit, the visit takes it, so that visitors can't book it as well."""
    world = new_world(max_visits_per_day=1)
    world.appointment_id = await world.confirmed()
    await world.confirmed("2026-01-14T10:00", session="another")
    world.calendar.owner_moves(world.appointment_id, Interval(NINE_UTC + DAY + 3 * HOUR, NINE_UTC + DAY + 4 * HOUR))
    assert (await follow(world)).type == "booking.rescheduled"
    assert (await world.create("2026-01-13T10:00", session="third")).type == "booking.pending"

    world.calendar.owner_moves(world.appointment_id, Interval(NINE_UTC + 2 * DAY, NINE_UTC + 2 * DAY + HOUR))
    assert (await follow(world, 2)).type == "booking.rescheduled"
    assert (await world.create("2026-01-15T13:00", session="fourth")).type == "error"


async def test_a_visit_of_a_removed_service_can_still_be_moved(visited):
    """The visit keeps its length and its buffers."""
    profiles = visited.tenants.blocking.profiles
    services = profiles["salon-ania"].services[1:]
    profiles["salon-ania"] = profiles["salon-ania"].model_copy(update={"services": services})
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    assert (await follow(visited)).type == "booking.rescheduled"
    assert await stands_at(visited) == LATER


async def test_a_lost_claim_changes_nothing(visited):
    """Another worker has the command by now, and finds the visit as it was."""
    visited.calendar.owner_deletes(visited.appointment_id)
    command = changed(visited, visited.appointment_id)
    claim = await visited.claims.claim(command.claim_key, fingerprint="f", lease=HOUR)
    visited.claims.steal(claim)
    with pytest.raises(Exception, match=command.id):
        await visited.handler.handle(command, claim)
    assert (await visited.appointment(visited.appointment_id)).state is AppointmentState.CONFIRMED
