"""Which visits move together, and into which lanes; the search ends, however many combinations there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workers.booking.domain.joint_moves import MAX_VISITS_MOVED_TOGETHER, WantedMove, arrange_moves
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


def move(old, hour, hours=1, lanes=LANES):
    start = NOON + hour * HOUR
    end = start + hours * HOUR
    return WantedMove(old, replace(old, start=start, end=end, blocked=Interval(start, end)), lanes)


def test_a_search_with_too_many_combinations_ends():
    """Five visits have to make room, each for one of eight lanes, and the last one finds none."""
    small = [visit(f"small-{hour}", hour, LANES[0]) for hour in range(5)]
    fixed = [visit(f"{lane}-{hour}", hour, lane) for lane in LANES[1:] for hour in range(5)]
    fixed += [visit(f"{lane}-late", 24, lane) for lane in LANES]
    others = {one.appointment_id: move(one, 20 + hour) for hour, one in enumerate(small)}
    standing = Counted(OccupiedTime(one.blocked, one.resource, one.appointment_id) for one in small + fixed)

    assert arrange_moves(move(visit("large", -9, LANES[0]), 0, hours=5), others, standing) is None
    assert standing.reads <= 2_000


def arrange_chain(count, *, shift=1, lanes=LANES[:1]):
    """Move the first visit onto the second, that one onto the third and so on; return who goes into which lane."""
    visits = [visit(str(number), number, LANES[0]) for number in range(count)]
    first, *others = [move(one, number + shift, lanes=lanes) for number, one in enumerate(visits)]
    standing = [OccupiedTime(one.blocked, one.resource, one.appointment_id) for one in visits]
    moves = arrange_moves(first, {other.old.appointment_id: other for other in others}, standing)
    return None if moves is None else [new.resource for _, new in moves]


def test_a_chain_is_as_long_as_a_transaction_allows():
    """A longer one does not move together."""
    assert arrange_chain(MAX_VISITS_MOVED_TOGETHER) == [LANES[0]] * MAX_VISITS_MOVED_TOGETHER
    assert arrange_chain(MAX_VISITS_MOVED_TOGETHER + 1) is None


def test_visits_that_would_meet_get_different_lanes():
    """The owner has put both onto the same hour; with a single lane neither moves."""
    one, other = visit("one", 0, LANES[0]), visit("other", 1, LANES[0])
    standing = [OccupiedTime(each.blocked, each.resource, each.appointment_id) for each in (one, other)]
    for lanes, count in ((LANES[:1], None), (LANES[:2], 2)):
        first, second = move(one, 1, lanes=lanes[:1]), move(other, 1.5, lanes=lanes)
        moves = arrange_moves(first, {"other": second}, standing)
        assert (moves and len({new.resource for _, new in moves})) == count
