"""Decides what a change that the owner made in the calendar means for the appointment.

The owner may do what visitors may not: move a visit outside the opening hours, make it shorter or longer, cancel it a
minute before. Only what no appointment can be is refused; whether another has the new time, the tables say.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workers.booking.domain.values import Appointment, AppointmentState, Interval

MAX_VISIT = timedelta(hours=24)
MAX_AHEAD = timedelta(days=2 * 366)
"""A slip of the hand, such as a wrong year, is not taken for a wish."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What the calendar holds of an event that we entered."""

    version: int
    """The version of the appointment that it was last written for; 0 where it does not say."""
    interval: Interval | None = None
    """None where it has no times of day, or none that can be read."""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing is to be done."""


@dataclass(frozen=True, slots=True)
class CancelledByOwner:
    """The event was deleted: the appointment is as it shall be saved."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class MovedByOwner:
    """The event has other times: the appointment is as it shall be saved, if its time is free."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class ForbiddenMove:
    """The event was made into what no visit can be: it goes back to what the appointment says."""


OwnerChange = Unchanged | CancelledByOwner | MovedByOwner | ForbiddenMove


def decide_owner_change(appointment: Appointment | None, event: StoredEvent | None, *, now: datetime) -> OwnerChange:
    """Compare an appointment with its event; a visit that has begun is left as it is.

    An event that the calendar never had was not deleted: it may be in another calendar, or still on its way. One of
    another version is being written by a command of ours.
    """
    if appointment is None or appointment.state is not AppointmentState.CONFIRMED or appointment.start <= now:
        return Unchanged()
    if event is None:
        return Unchanged()
    if event.deleted and 0 < event.version < appointment.version:
        # What was deleted is an entry of an earlier time or place of the visit; its present one is on its way.
        return Unchanged()
    if event.deleted:
        return CancelledByOwner(replace(appointment, state=AppointmentState.CANCELLED, version=appointment.version + 1))
    if event.version != appointment.version:
        return Unchanged()
    if event.interval is None:
        return ForbiddenMove()
    if event.interval == Interval(appointment.start, appointment.end):
        return Unchanged()
    if not _is_possible(event.interval, now):
        return ForbiddenMove()
    return MovedByOwner(_move_to(appointment, event.interval))


def _is_possible(interval: Interval, now: datetime) -> bool:
    return now < interval.start <= now + MAX_AHEAD and interval.end - interval.start <= MAX_VISIT


def _move_to(appointment: Appointment, to: Interval) -> Appointment:
    """Return the appointment at its new time, with the buffers that it had."""
    before = appointment.start - appointment.blocked.start
    after = appointment.blocked.end - appointment.end
    return replace(
        appointment,
        start=to.start,
        end=to.end,
        blocked=Interval(to.start - before, to.end + after),
        version=appointment.version + 1,
    )
