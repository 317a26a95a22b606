"""What a command will do: planned by reading only, then carried out, or described as the forecast of a replay.

A plan has the appointment as it is stored, and as `decisions.py` changes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.tenants.services import Service
from workers.booking.domain.values import Appointment, OccupiedTime, Refusal


@dataclass(frozen=True, slots=True)
class Refuse:
    """The visitor gets the refusal."""

    refusal: Refusal
    start: datetime | None = None
    """The requested time, if it differs from that of the appointment."""
    appointment: Appointment | None = None
    changed: Appointment | None = None
    """What is saved all the same: a wrong code is counted, or a right one proves the contact."""
    is_too_old: bool = False
    """Whether only the age of the replay is the reason."""
    is_overtaken: bool = False
    """Whether the reason is that the visit changed after the replayed command was accepted."""


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """The change is stored: the same answer is given, and effects that a crash may have prevented are repeated."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class Hold:
    """The visit takes the first of the lanes that is still free, and its code is sent."""

    hold: Appointment
    service: Service
    lanes: tuple[str, ...]
    current_hold: Appointment | None = None
    """The session's older hold, which is replaced: a session has at most one."""
    occupied: Sequence[OccupiedTime] = ()
    """The times of its day that are held or booked, for the share that may be held."""
    stale_holder: str | None = None
    """An appointment that still has the session's quota unit, although it is no longer a hold."""
    is_proved: bool = False
    """Whether the visitor's browser has solved a proof of work."""


@dataclass(frozen=True, slots=True)
class ConfirmHold:
    """The code is right, and the time is free in these lanes."""

    appointment: Appointment
    confirmed: Appointment
    lanes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendCode:
    """Another code is counted and sent."""

    appointment: Appointment
    counted: Appointment


@dataclass(frozen=True, slots=True)
class CancelVisit:
    """The appointment is cancelled, and its time is freed."""

    appointment: Appointment
    cancelled: Appointment


@dataclass(frozen=True, slots=True)
class MoveVisit:
    """The appointment moves into the first of the lanes that is still free."""

    appointment: Appointment
    moved: Appointment
    service: Service
    lanes: tuple[str, ...]


Plan = Refuse | AlreadyDone | Hold | ConfirmHold | SendCode | CancelVisit | MoveVisit
"""What a visitor's command will do."""


@dataclass(frozen=True, slots=True)
class Remind:
    """The visit is unchanged, and a reminder of it is still useful."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class SkipReminder:
    """The visit has changed, or it is too late for a reminder: nothing is sent."""

    start: datetime
    appointment: Appointment | None


@dataclass(frozen=True, slots=True)
class EnterVisit:
    """The calendar lacks the visit, or shows an earlier version of it: its event is written."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class RemoveVisit:
    """A calendar still shows a visit that is no longer there: its event is removed."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class SkipSync:
    """The calendars say what the appointment says, or there is no appointment any more."""

    appointment: Appointment | None


EventPlan = EnterVisit | RemoveVisit | SkipSync
"""What the sync of an event will do."""


@dataclass(frozen=True, slots=True)
class FollowOwner:
    """The owner has changed the event: the visit follows, or the event is restored."""

    appointment: Appointment


OwnerChangePlan = FollowOwner | AlreadyDone | SkipSync
"""What the comparison of a visit with its event will do."""

ReminderPlan = Remind | SkipReminder
"""What a reminder, or the planning of reminders, will do."""
