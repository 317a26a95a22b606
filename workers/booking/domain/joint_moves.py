"""Decides which visits move together when an owner has moved them onto each other's times."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workers.booking.domain.values import Appointment, OccupiedTime

MAX_VISITS_MOVED_TOGETHER = 12
"""A DynamoDB transaction has room for twelve visits of an hour in buckets of a quarter. Longer chains move in parts."""

_MAX_ATTEMPTS = 2_000
"""To place a visit in a lane. With many lanes, trying all combinations could keep a worker busy for hours."""


@dataclass(frozen=True, slots=True)
class WantedMove:
    """A visit that its owner has moved in the calendar."""

    old: Appointment
    new: Appointment
    """The visit at the time where the owner put it; its lane is still to be chosen."""
    lanes: tuple[str, ...]
    """The lanes that it may have, in the order in which to try them."""
    other_calendar: str | None = None
    """The other calendar that the owner has moved its event to, if they have."""


def arrange_moves(
    first: WantedMove, others: Mapping[str, WantedMove], standing: Sequence[OccupiedTime]
) -> list[tuple[Appointment, Appointment]] | None:
    """Return the moves that bring the first visit to its time, its own first; None if something stays in the way.

    `others` are the wanted moves of further visits by appointment id: of these only those move that have to. `standing`
    are the times that visits have now, those of `others` included. A search that takes too long ends with None.
    """
    placed = _assign_lanes([first], {}, others, standing, attempts=iter(range(_MAX_ATTEMPTS)))
    if placed is None:
        return None
    wanted = {**others, first.old.appointment_id: first}
    return [(wanted[appointment_id].old, new) for appointment_id, new in placed.items()]


def _assign_lanes(
    waiting: Sequence[WantedMove],
    placed: Mapping[str, Appointment],
    others: Mapping[str, WantedMove],
    standing: Sequence[OccupiedTime],
    *,
    attempts: Iterator[int],
) -> Mapping[str, Appointment] | None:
    """Place the waiting visits and those that are in their way; try the lanes of each in turn."""
    if not waiting:
        return placed
    if len(placed) + len(waiting) > MAX_VISITS_MOVED_TOGETHER:
        return None
    current, *rest = waiting
    for lane, _ in zip(current.lanes, attempts, strict=False):
        candidate = replace(current.new, resource=lane)
        if any(_collide(candidate, new) for new in placed.values()):
            continue
        known = {*placed, candidate.appointment_id, *(move.old.appointment_id for move in rest)}
        in_the_way = dict.fromkeys(
            time.appointment_id
            for time in standing
            if time.resource == lane and time.appointment_id not in known and time.interval.overlaps(candidate.blocked)
        )
        if not all(appointment_id in others for appointment_id in in_the_way):
            continue
        arranged = _assign_lanes(
            [*rest, *(others[appointment_id] for appointment_id in in_the_way)],
            {**placed, candidate.appointment_id: candidate},
            others,
            standing,
            attempts=attempts,
        )
        if arranged is not None:
            return arranged
    return None


def _collide(one: Appointment, other: Appointment) -> bool:
    return one.resource == other.resource and one.blocked.overlaps(other.blocked)
