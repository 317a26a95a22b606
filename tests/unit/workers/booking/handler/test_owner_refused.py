"""The owner makes an impossible change: the event is restored from the appointment, and the operators are alerted."""

import pytest

from shared.errors import TransientError
from tests.unit.workers.booking.handler.owner import DAY, HOUR, NINE_UTC, alerts, assert_only_refused, follow, stands_at
from workers.booking.domain.event_id import build_event_id
from workers.booking.domain.values import Interval


@pytest.mark.parametrize(
    "to",
    [
        Interval(NINE_UTC - 2 * DAY, NINE_UTC - 2 * DAY + HOUR),
        Interval(NINE_UTC + 2 * DAY, NINE_UTC + 4 * DAY),
        Interval(NINE_UTC + 900 * DAY, NINE_UTC + 900 * DAY + HOUR),
    ],
)
async def test_an_impossible_move_is_undone(visited, to):
    """Into the past, longer than a day, by years: the event shows the appointment again, at once."""
    await visited.confirmed("2026-01-13T11:00", session="another")
    visited.calendar.owner_moves(visited.appointment_id, to)
    before = await visited.appointment(visited.appointment_id)

    assert await follow(visited) is None
    assert_only_refused(before, await visited.appointment(visited.appointment_id))
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert alerts(visited) == ["calendar_move_refused"]
    assert "notice.rescheduled" not in visited.notice_types
    assert await follow(visited, 2) is None
    assert visited.calendar.calls.count("put") == 3


async def test_an_all_day_event_is_undone(visited):
    """An event without times of day is not a visit."""
    visited.calendar.timeless.add(build_event_id(visited.appointment_id))
    assert await follow(visited) is None
    assert visited.calendar.timeless == set()
    assert alerts(visited) == ["calendar_move_refused"]


async def test_a_move_after_one_that_was_followed_is_undone(visited):
    """The event of a visit that the owner has moved keeps its times for a new version, but not those of a refusal."""
    moved = Interval(NINE_UTC + 2 * HOUR, NINE_UTC + 3 * HOUR)
    visited.calendar.owner_moves(visited.appointment_id, moved)
    assert (await follow(visited)).type == "booking.rescheduled"
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC - 2 * DAY, NINE_UTC - 2 * DAY + HOUR))
    assert await follow(visited, 2) is None
    assert await stands_at(visited) == moved


async def test_a_move_that_needs_too_many_buckets_is_undone(visited):
    """It is refused like any other impossible time."""
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC, NINE_UTC + 20 * HOUR))
    visited.appointments.is_grid_too_fine = True
    assert await follow(visited) is None
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert alerts(visited) == ["calendar_move_refused"]


@pytest.mark.parametrize("step", ["commands", "notices"])
async def test_an_interrupted_restore_causes_one_alert(visited, step):
    """The sync of the event or the alert could not be queued at first."""
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC - 2 * DAY, NINE_UTC - DAY))
    {"commands": visited.commands, "notices": visited.notices}[step].errors.append(TransientError("sqs"))
    with pytest.raises(TransientError):
        await follow(visited)
    await follow(visited)
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert alerts(visited) == ["calendar_move_refused"]
