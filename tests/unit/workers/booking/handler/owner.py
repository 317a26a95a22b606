"""Helpers for tests of the owner's changes to a visit's event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.messages.commands import BOOKING_COMMAND
from workers.booking.domain.values import Interval

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = Interval(NINE_UTC + 3 * HOUR, NINE_UTC + 4 * HOUR)
TWO = [{"id": "anna"}, {"id": "ola"}]


def changed(world, appointment_id, number=1, *, session="session", replay=0):
    return BOOKING_COMMAND.validate_python(
        {
            "type": "calendar.changed",
            "id": f"change-{appointment_id}-{number}",
            "tenant": "salon-ania",
            "session_id": session,
            "accepted_at": world.clock.now(),
            "locale": "en",
            "replay": replay,
            "data": {"appointment_id": appointment_id},
        }
    )


async def follow(world, number=1, **which):
    return await world.carry_out(changed(world, world.appointment_id, number, **which))


async def spend_minutes(world, minutes=10):
    """Let minutes pass, and carry out the commands that are scheduled for each; return the frames."""
    frames = []
    for _ in range(minutes):
        world.clock.advance(MINUTE)
        due = world.schedules.due(world.clock.now())
        frames += [await world.carry_out(command) for command in due if command.type == "calendar.changed"]
    return frames


async def stands_at(world):
    appointment = await world.appointment(world.appointment_id)
    [event] = [one for one in world.events if one.appointment_id == world.appointment_id]
    assert (event.start, event.end, event.version) == (appointment.start, appointment.end, appointment.version)
    return Interval(appointment.start, appointment.end)


def assert_only_refused(before, after):
    """An owner's move was refused: that is a version of its own, and all else of the visit is as before."""
    assert after == replace(before, version=before.version + 1)


def alerts(world):
    return [notice.data.reason for notice in world.notices.delivered if notice.type == "notice.alert"]
