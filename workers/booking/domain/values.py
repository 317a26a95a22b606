"""The values of booking's rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from shared.messages.errors import ErrorCode
from shared.messages.server import Challenge
from shared.refusal_texts import About
from shared.tenants.profile_types import MINUTES_STEP
from shared.tenants.questions import Question
from shared.tenants.services import DEFAULT_RESOURCE


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval of time in aware UTC: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError("an interval's ends must be aware and in UTC")
        if self.end <= self.start:
            raise ValueError("an interval must end after it starts")

    def overlaps(self, other: "Interval") -> bool:
        """Return whether the two share an instant; intervals that only touch do not."""
        return self.start < other.end and other.start < self.end


class SlotOffer(NamedTuple):
    """A visit that can be booked, without its buffers, in UTC. One answer may need thousands of these."""

    start: datetime
    end: datetime
    service_id: str


@dataclass(frozen=True, slots=True)
class OccupiedTime:
    """The time of one of our appointments, buffers included, or a part of that time."""

    interval: Interval
    resource: str
    appointment_id: str
    is_held: bool = False
    """Whether its contact is not confirmed yet."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An address that a code can be sent to, in its channel's format."""

    kind: Literal["email", "phone"]
    address: str


@dataclass(frozen=True, slots=True)
class QuotaUnit:
    """A unit of a quota (`quotas.py`) that an appointment has."""

    key: str
    number: int
    is_lasting: bool
    """Whether that of a confirmed appointment has no end; the others limit holds, or visits for some time."""


class AppointmentState(StrEnum):
    """The state of an appointment."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Answer(NamedTuple):
    """A visitor's answer to a question of the service, as it was checked when they booked."""

    question_id: str
    text: str
    """What the visitor typed, the id of a choice, digits, `yes` or `no`."""


class ChangeKind(StrEnum):
    """What a command did to an appointment."""

    APPLIED = "applied"
    """What the command requested."""
    HANDOVER_REFUSED = "handover_refused"
    """The owner moved the visit into a calendar that can't have it: the event is restored where it was."""


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last command that changed an appointment, and how; a repeat of the command finds its change done."""

    command_id: str = ""
    kind: ChangeKind = ChangeKind.APPLIED
    by_owner: bool = False
    """Whether it followed what the owner did in the calendar."""
    previous_start: datetime | None = None
    """When the visit started before the owner moved it."""
    together_with: tuple[str, ...] = ()
    """The ids of the visits that the same command moved with this one; their visitors are notified by commands of
    their own."""
    at: datetime | None = None
    """When the visitor requested it, or the owner's change was applied; None in rows of releases before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One visit of one visitor, from the hold onwards."""

    appointment_id: str
    session_id: str
    tenant: str
    service_id: str
    start: datetime
    end: datetime
    blocked: Interval
    """The visit with its buffers: nobody else can book this time."""
    state: AppointmentState
    contact: Contact
    name: str
    note: str
    locale: str
    hold_expires_at: datetime | None
    """When the hold expires; None once the appointment is confirmed."""
    code_sends: int
    """How many codes were sent; the latest has the number `code_sends`."""
    codes_unsent: int = 0
    """How many of them were not sent, because the provider took none."""
    code_attempts: int
    """How many wrong codes were received."""
    moves: int = 0
    """How often its visitor has moved it."""
    version: int
    """Grows by one with each change: it detects concurrent writes, and is the SEQUENCE of the calendar file."""
    created_at: datetime
    resource: str = DEFAULT_RESOURCE
    """The lane of the visit: a resource of the profile, or one of its seats (`room/3`)."""
    quota_units: tuple[QuotaUnit, ...] = ()
    verified: bool = False
    """For a hold: its code was right, but the business had filled its time. For an appointment: the move after that
    confirmed it."""
    calendar_event_id: str | None = None
    calendars: tuple[str, ...] = ()
    """The calendars that the visit's event is or was in, the current one last. The profile may name others by now."""
    answers: tuple[Answer, ...] = ()
    grid_minutes: int = MINUTES_STEP
    """The size of the visit's buckets; a later change of the profile does not change it."""
    last_change: LastChange = LastChange()

    def is_changed_by(self, command_id: str) -> bool:
        """Return whether this command made the last change, as requested."""
        return (self.last_change.command_id, self.last_change.kind) == (command_id, ChangeKind.APPLIED)

    def is_changed_after(self, requested_at: datetime) -> bool:
        """Return whether another command changed it that was requested later, or the owner did so later."""
        return self.last_change.at is not None and self.last_change.at > requested_at


@dataclass(frozen=True, slots=True)
class Refusal:
    """A "no" for the visitor, with alternative times where they help."""

    code: ErrorCode
    alternatives: tuple[SlotOffer, ...] = ()
    retry_after: timedelta | None = None
    appointment_id: str | None = None
    """The appointment that may be moved to one of the alternatives."""
    about: About | None = None
    """Selects a more specific sentence for the visitor than that of the code."""
    question: Question | None = None
    """The question whose answer is refused."""
    hours: int | None = None
    """The number of hours in that sentence, where it has one."""
    phone: str = ""
    """The telephone number in that sentence, where it has one."""
    challenge: Challenge | None = None
    """What the visitor's client is to solve, before the command is carried out."""
