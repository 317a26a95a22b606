"""The values that the rules of booking speak of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from shared.messages.errors import ErrorCode
from shared.tenants.section import MINUTES_STEP
from shared.tenants.services import DEFAULT_RESOURCE
from shared.texts import About


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, aware UTC, half open: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError("an interval's ends must be aware and in UTC")
        if self.end <= self.start:
            raise ValueError("an interval must end after it starts")

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two share an instant; intervals that only touch do not."""
        return self.start < other.end and other.start < self.end


class SlotOffer(NamedTuple):
    """A visit that can be booked, without its buffers; both ends are UTC. Thousands are made for one answer."""

    start: datetime
    end: datetime
    service_id: str


@dataclass(frozen=True, slots=True)
class OccupiedTime:
    """A stretch that an appointment of ours has, or a part of one; its buffers belong to it."""

    interval: Interval
    resource: str
    appointment_id: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a code can be sent, in the form in which the channel takes it."""

    kind: Literal["email", "phone"]
    address: str


@dataclass(frozen=True, slots=True)
class QuotaUnit:
    """A place of a quota (`quotas.py`) that an appointment has taken."""

    key: str
    number: int
    is_lasting: bool
    """Whether a confirmed appointment keeps it; the others bound holds alone."""


class AppointmentState(StrEnum):
    """How far an appointment has come."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class ChangeKind(StrEnum):
    """What a command did to an appointment."""

    APPLIED = "applied"
    """What it asked for."""
    HANDOVER_REFUSED = "handover_refused"
    """The owner moved the visit into a calendar that cannot take it: the event returns to where it was."""


@dataclass(frozen=True, slots=True)
class LastChange:
    """Which command changed an appointment last, and how: the same command again finds its work done."""

    command_id: str = ""
    kind: ChangeKind = ChangeKind.APPLIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One visit of one visitor, from the hold on."""

    appointment_id: str
    session_id: str
    tenant: str
    service_id: str
    start: datetime
    end: datetime
    blocked: Interval
    """The visit with its buffers: what nobody else can book."""
    state: AppointmentState
    contact: Contact
    name: str
    note: str
    locale: str
    hold_expires_at: datetime | None
    """Until when the time is kept for the code; None once it is confirmed."""
    code_sends: int
    """How many codes went out; the latest is the code number `code_sends`."""
    code_attempts: int
    """How many wrong codes came in."""
    version: int
    """Grows by one with every change: guards a write against another, and is the calendar file's SEQUENCE."""
    created_at: datetime
    resource: str = DEFAULT_RESOURCE
    """Who or what the visit needs to itself: a resource of the profile, or one of its seats (`room/3`)."""
    quota_units: tuple[QuotaUnit, ...] = ()
    verified: bool = False
    """Of a hold: its code was right, but the business had filled its time. Of an appointment: the move that followed
    is what confirmed it."""
    calendar_event_id: str | None = None
    calendars: tuple[str, ...] = ()
    """Where the visit is entered, or was: the last is where it stands. A profile may name others by now."""
    grid_minutes: int = MINUTES_STEP
    """The size of the buckets that it claimed: a profile that changes later leaves them as they are."""
    last_change: LastChange = LastChange()

    def is_changed_by(self, command_id: str) -> bool:
        """Whether the last change is the one that this command asked for."""
        return self.last_change == LastChange(command_id)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no that the visitor should hear, with times to take instead where that helps."""

    code: ErrorCode
    alternatives: tuple[SlotOffer, ...] = ()
    retry_after: timedelta | None = None
    appointment_id: str | None = None
    """The appointment that may be moved to one of the alternatives."""
    about: About | None = None
    """What the visitor is told in other words than the code's."""
