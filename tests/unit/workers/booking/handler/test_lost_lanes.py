"""A lane that was free when the command was planned is lost when it is written."""

from tests.unit.workers.booking.handler.owner import MINUTE, NINE_UTC, follow
from workers.booking.domain.quotas import Bound
from workers.booking.domain.values import Interval
from workers.booking.ports import GridTooFine, QuotaFull, SlotLost

LANES = {"ania": "a", "basia": "b", "celina": "c"}
LATER = "2026-01-14T10:00"


async def lose(new_world, kind, lost):
    """Run a command whose first write returns `lost`; return the frame, the tried lanes and the stored lane."""
    world = new_world(resources=[{"id": lane, "calendar_id": calendar} for lane, calendar in LANES.items()])
    for calendar in LANES.values():
        world.calendar.events[calendar], world.calendar.owners[calendar] = {}, []
    command, appointment_id = world.create_command(), None
    if kind == "reschedule":
        appointment_id = await world.confirmed()
        command = world.command(kind, appointment_id=appointment_id, start=LATER)
    if kind == "verify":
        appointment_id = await world.held()
        hold = await world.appointment(appointment_id)
        world.calendar.block(Interval(hold.start, hold.end), LANES[hold.resource])
        command = world.command(kind, appointment_id=appointment_id, code=world.code(appointment_id))
    method = "hold" if kind == "create" else "move"
    write, tried = getattr(world.appointments, method), []

    async def lose_first(*appointments, **fields):
        tried.append(appointments[-1].resource)
        return lost if len(tried) == 1 else await write(*appointments, **fields)

    setattr(world.appointments, method, lose_first)
    frame = await world.handle(command)
    stored = await world.appointment(appointment_id or getattr(frame.data, "appointment_id", None))
    return frame.type, tried, stored.resource if stored else None


async def test_the_next_lane_is_tried(new_world):
    """For a request, for a code whose lane the owner has filled, and for a move."""
    ends = {"create": "booking.pending", "verify": "booking.confirmed", "reschedule": "booking.rescheduled"}
    for kind, end in ends.items():
        frame_type, tried, lane = await lose(new_world, kind, SlotLost())
        assert (frame_type, len(tried), lane) == (end, 2, tried[-1]), kind
        assert tried[0] != tried[1], kind


async def test_no_other_lane_is_tried_on_a_day_that_is_full(new_world):
    """Neither a daily cap nor the size of the day's buckets depends on the lane."""
    for lost in (QuotaFull(Bound.DAY, None), GridTooFine()):
        for kind in ("create", "verify", "reschedule"):
            frame_type, tried, _ = await lose(new_world, kind, lost)
            assert (frame_type, len(tried)) == ("error", 1), (lost, kind)


async def test_a_stretched_visit_that_loses_its_time_is_offered_times_with_room_for_it(visited):
    """Others would be refused when the visitor chooses one."""
    length = 90 * MINUTE
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC, NINE_UTC + length))
    await follow(visited)

    async def lose(*_appointments, **_fields):
        return SlotLost()

    visited.appointments.move = lose
    frame = await visited.send("reschedule", appointment_id=visited.appointment_id, start=LATER)
    assert frame.data.code == "SLOT_TAKEN"
    assert {offer.end - offer.start for offer in frame.data.alternatives} == {length}
