"""Decides what an owner's change in the calendar means for the appointment.

The owner may do what visitors may not: move a visit outside the opening hours, change its length, or cancel it a
minute before. Only impossible appointments are refused. The store decides whether the new time is free.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workers.booking.domain.values import Appointment, AppointmentState, Interval

MAX_VISIT = timedelta(hours=24)
MAX_AHEAD = timedelta(days=2 * 366)
"""A mistake, such as a wrong year, is not applied."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of ours as it is in the calendar now."""

    version: int
    """The version of the appointment that it was last written for, or 0 if the event does not contain it."""
    interval: Interval | None = None
    """None if the event has no times of day, or none that can be parsed."""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """There is nothing to do."""


@dataclass(frozen=True, slots=True)
class OutdatedEvent:
    """The event is of an earlier version: it is to be written.

    Mostly a command of ours is about to do that. But the owner may have moved all instances of a repeated event, with
    which the one that was written for the visit is lost.
    """


@dataclass(frozen=True, slots=True)
class CancelledByOwner:
    """The event was deleted; `appointment` is what to save."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class MovedByOwner:
    """The event has other times; `appointment` is what to save if its time is free."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class ForbiddenMove:
    """The event now describes an impossible visit; it is to be restored from the appointment."""

    other_calendar: str | None = None
    """The other calendar that the owner has moved the event to, if they have."""


@dataclass(frozen=True, slots=True)
class RestoredByOwner:
    """The deleted event is there again; `appointment` is what to save if its time is free."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class ForbiddenRestore:
    """The event of a cancelled visit is there again, at an impossible time."""


@dataclass(frozen=True, slots=True)
class RestoredAfterCancellation:
    """The event of a visit that its visitor had cancelled is there again: only they can book it again."""


OwnerChange = (
    Unchanged
    | OutdatedEvent
    | CancelledByOwner
    | MovedByOwner
    | ForbiddenMove
    | RestoredByOwner
    | ForbiddenRestore
    | RestoredAfterCancellation
)


def decide_owner_change(appointment: Appointment | None, event: StoredEvent | None, *, now: datetime) -> OwnerChange:
    """Compare an appointment with its event; a visit that has begun stays as it is.

    An event that the calendar never had was not deleted: it may be in another calendar or not be written yet. The
    times of an event of another version do not count.
    """
    if appointment is None or appointment.state is AppointmentState.HELD or appointment.start <= now:
        return Unchanged()
    if event is None:
        return Unchanged()
    if appointment.state is AppointmentState.CANCELLED:
        return _decide_restore(appointment, event, now)
    if event.deleted and 0 < event.version < appointment.version:
        # The deleted event belongs to an earlier time or lane of the visit; the current one is not written yet.
        return Unchanged()
    if event.deleted:
        return CancelledByOwner(replace(appointment, state=AppointmentState.CANCELLED, version=appointment.version + 1))
    if event.version != appointment.version:
        return OutdatedEvent() if 0 < event.version < appointment.version else Unchanged()
    if event.interval is None:
        return ForbiddenMove()
    if event.interval == Interval(appointment.start, appointment.end):
        return Unchanged()
    if not _is_possible(event.interval, now):
        return ForbiddenMove()
    return MovedByOwner(_move_to(appointment, event.interval))


def is_restored(appointment: Appointment, event: StoredEvent) -> bool:
    """Return whether the event of a cancelled visit is there again: it got the last version when we removed it."""
    is_cancelled = appointment.state is AppointmentState.CANCELLED
    return is_cancelled and not event.deleted and event.version == appointment.version


def _decide_restore(appointment: Appointment, event: StoredEvent, now: datetime) -> OwnerChange:
    """Reinstate only what the owner had cancelled: the event of another visit may still have to be removed."""
    if not appointment.last_change.by_owner:
        return RestoredAfterCancellation() if is_restored(appointment, event) else Unchanged()
    if event.deleted or event.version not in {appointment.version - 1, appointment.version}:
        return Unchanged()
    if event.interval is None or not _is_possible(event.interval, now):
        return ForbiddenRestore()
    return RestoredByOwner(replace(_move_to(appointment, event.interval), state=AppointmentState.CONFIRMED))


def _is_possible(interval: Interval, now: datetime) -> bool:
    return now < interval.start <= now + MAX_AHEAD and interval.end - interval.start <= MAX_VISIT


def _move_to(appointment: Appointment, to: Interval) -> Appointment:
    """Return the appointment at its new time, with the same buffers."""
    before = appointment.start - appointment.blocked.start
    after = appointment.blocked.end - appointment.end
    return replace(
        appointment,
        start=to.start,
        end=to.end,
        blocked=Interval(to.start - before, to.end + after),
        version=appointment.version + 1,
    )
