"""What the owner wants and no visit can be: the event goes back to what the record says, and somebody is told."""

import pytest

from shared.errors import TransientError
from tests.unit.workers.booking.handler.owner import DAY, HOUR, NINE_UTC, alerts, follow, stands_at
from workers.booking.domain.event_id import event_id
from workers.booking.domain.values import Interval
from workers.booking.ports import TooManyBucketsError


@pytest.mark.parametrize(
    "to",
    [
        Interval(NINE_UTC + HOUR, NINE_UTC + 2 * HOUR),
        Interval(NINE_UTC - HOUR / 2, NINE_UTC + HOUR * 1.5),
        Interval(NINE_UTC - 2 * DAY, NINE_UTC - 2 * DAY + HOUR),
        Interval(NINE_UTC + 2 * DAY, NINE_UTC + 4 * DAY),
        Interval(NINE_UTC + 900 * DAY, NINE_UTC + 900 * DAY + HOUR),
    ],
)
async def test_a_move_that_cannot_be_goes_back(visited, to):
    """Onto another visit, into the past, longer than a day, by years: the event says again what stands."""
    await visited.confirmed("2026-01-13T11:00", session="another")
    visited.calendar.owner_moves(visited.appointment_id, to)
    before = await visited.appointment(visited.appointment_id)

    assert await follow(visited) is None
    assert await visited.appointment(visited.appointment_id) == before
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert alerts(visited) == ["calendar_move_refused"]
    assert "notice.rescheduled" not in visited.told
    assert await follow(visited, 2) is None
    assert visited.calendar.calls.count("put") == 3


async def test_a_whole_day_goes_back(visited):
    """An event without times of day is no visit."""
    visited.calendar.timeless.add(event_id(visited.appointment_id))
    assert await follow(visited) is None
    assert visited.calendar.timeless == set()
    assert alerts(visited) == ["calendar_move_refused"]


async def test_a_visit_that_needs_too_much_of_the_table_goes_back(visited):
    """What one transaction can't hold is refused like any other impossible time."""
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC, NINE_UTC + 20 * HOUR))
    visited.appointments.fail(TooManyBucketsError())
    assert await follow(visited) is None
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert alerts(visited) == ["calendar_move_refused"]


@pytest.mark.parametrize("step", ["calendar", "notices"])
async def test_a_refusal_that_was_cut_off_is_said_once(visited, step):
    """The calendar did not take its event back at first, or the alert could not be queued."""
    visited.calendar.owner_moves(visited.appointment_id, Interval(NINE_UTC - 2 * DAY, NINE_UTC - DAY))
    if step == "calendar":
        visited.calendar.fail("put", TransientError("calendar.put: 503"))
    else:
        visited.notices.trouble.append(TransientError("sqs"))
    with pytest.raises(TransientError):
        await follow(visited)
    await follow(visited)
    assert await stands_at(visited) == Interval(NINE_UTC, NINE_UTC + HOUR)
    assert alerts(visited) == ["calendar_move_refused"]
