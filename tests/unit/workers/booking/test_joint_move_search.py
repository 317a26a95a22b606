"""The search for lanes of visits that move together ends, however many combinations there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workers.booking.domain.joint_moves import WantedMove, arrange_moves
from workers.booking.domain.values import Appointment, AppointmentState, Contact, Interval, OccupiedTime

HOUR, NOON = timedelta(hours=1), datetime(2026, 1, 13, 12, tzinfo=UTC)
LANES = tuple(f"room/{number}" for number in range(1, 9))


class Counted(list):
    """A list that counts how often it is read."""

    reads = 0

    def __iter__(self):
        self.reads += 1
        return super().__iter__()


def visit(appointment_id, hour, lane):
    start = NOON + hour * HOUR
    return Appointment(
        appointment_id=appointment_id,
        session_id="s",
        tenant="t",
        service_id="class",
        start=start,
        end=start + HOUR,
        blocked=Interval(start, start + HOUR),
        state=AppointmentState.CONFIRMED,
        contact=Contact("email", "jan@example.com"),
        name="",
        note="",
        locale="en",
        hold_expires_at=None,
        code_sends=1,
        code_attempts=0,
        version=1,
        created_at=NOON,
        resource=lane,
    )


def move(old, hour, hours=1):
    start = NOON + hour * HOUR
    end = start + hours * HOUR
    return WantedMove(old, replace(old, start=start, end=end, blocked=Interval(start, end)), LANES)


def test_a_search_with_too_many_combinations_ends():
    """Five visits have to make room, each for one of eight lanes, and the last one finds none."""
    small = [visit(f"small-{hour}", hour, LANES[0]) for hour in range(5)]
    fixed = [visit(f"{lane}-{hour}", hour, lane) for lane in LANES[1:] for hour in range(5)]
    fixed += [visit(f"{lane}-late", 24, lane) for lane in LANES]
    others = {one.appointment_id: move(one, 20 + hour) for hour, one in enumerate(small)}
    standing = Counted(OccupiedTime(one.blocked, one.resource, one.appointment_id) for one in small + fixed)

    assert arrange_moves(move(visit("large", -9, LANES[0]), 0, hours=5), others, standing) is None
    assert standing.reads <= 2_000
