"""The roles that only booking needs filled: where appointments are kept, the business's calendar, reminders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.claims import Claim
from shared.errors import PermanentError
from shared.messages.commands import InternalBookingCommand
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.quotas import Bound, Quota
from workers.booking.domain.values import Appointment, Interval, OccupiedTime


class TooManyBucketsError(PermanentError):
    """The store refuses a visit for good: its day is divided into buckets that are too small for one transaction."""

    def __init__(self, message: str = "") -> None:
        super().__init__("too_many_buckets", message)


@dataclass(frozen=True, slots=True)
class SlotLost:
    """Part of the time is somebody else's."""


@dataclass(frozen=True, slots=True)
class QuotaFull:
    """Every seat of a quota is taken."""

    bound: Bound
    frees_at: datetime | None
    """When the first seat is free again by itself; None where at least one is kept for good."""


Lost = SlotLost | QuotaFull


class AppointmentStore(Protocol):
    """Appointments, the buckets of time that each of them owns, and the seats of quotas that they take.

    Every write is one transaction that also checks that the command is still ours.

    Raises:
        TransientError: a conflict with another write; nothing was written, try again.
        LeaseLostError: the command is another worker's; nothing was written.
        TooManyBucketsError: the appointment can't be written in one transaction; nothing was written.
    """

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment; another session's is as good as none."""
        ...

    async def find(self, appointment_id: str) -> Appointment | None:
        """Return an appointment of any session: for internal commands, never for an id that a visitor sends."""
        ...

    async def find_session_hold(self, session_id: str, *, at: datetime) -> str | None:
        """Return the id of the appointment that is the session's one hold at `at`."""
        ...

    async def hold(
        self,
        appointment: Appointment,
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
        replaces: Appointment | None = None,
        succeeds: str | None = None,
    ) -> Lost | None:
        """Take every bucket and a seat of each quota, and write the appointment.

        `succeeds` is an appointment that is no hold any more: what bounds holds and was left in its name is free.

        What had run out at `at` counts as free. `replaces` is the session's older hold, already cancelled: its
        buckets and seats go over in the same step.
        """
        ...

    async def save(
        self, appointment: Appointment, *, claim: Claim, at: datetime | None = None, quotas: Sequence[Quota] = ()
    ) -> QuotaFull | None:
        """Write a change that touches no bucket; the version before it must still stand.

        The seats of `quotas`, judged at `at`, are taken in the same step and not written into the appointment.
        """
        ...

    async def confirm(self, appointment: Appointment, *, claim: Claim) -> SlotLost | None:
        """Write the confirmed appointment and keep its buckets for good; each must still be its own.

        Of its seats it keeps the lasting ones; those that bound holds are given back.
        """
        ...

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment, then free those buckets and seats that are its own."""
        ...

    async def free(self, appointment: Appointment) -> None:
        """Free those buckets and seats that are still the appointment's own."""
        ...

    async def move(
        self, old: Appointment, new: Appointment, *, at: datetime, claim: Claim, quotas: Sequence[Quota] = ()
    ) -> Lost | None:
        """Take the buckets that only the new time needs, free those that only the old one had.

        `quotas` are the new day's: their seats take the place of the old lasting ones.
        """
        ...

    async def occupied_times(self, tenant: str, between: Interval, *, at: datetime) -> Sequence[OccupiedTime]:
        """Return what is held or confirmed at `at`, buffers included, in pieces."""
        ...

    async def quota_holders(self, keys: Sequence[str], *, at: datetime) -> Mapping[str, Sequence[str]]:
        """Return who has the seats of each quota's key at `at`."""
        ...


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """What the business sees in its calendar."""

    event_id: str
    """Chosen by us, so that a second try finds its own event."""

    appointment_id: str
    version: int
    """Of the appointment: an older one never overwrites what was written for a newer."""
    start: datetime
    end: datetime
    time_zone: str
    summary: str
    description: str
    attendee: str | None = None
    """The visitor's e-mail address; invited only where the account may (a delegated subject)."""


@dataclass(frozen=True, slots=True)
class BusyTime:
    """A stretch in which the calendar says busy."""

    interval: Interval
    appointment_id: str | None = None
    """Whose visit it is, where the event is one that we entered."""


@dataclass(frozen=True, slots=True)
class CalendarChanges:
    """Whose events were changed or deleted since the last reading, and what to give to the next."""

    appointment_ids: Sequence[str]
    next_token: str


class Calendar(Protocol):
    """The business's calendar.

    Raises:
        TransientError: rate limits, time-outs, trouble on the other side.
        UnusableCalendarError: an operator or the owner has to act.
    """

    async def busy(self, calendar_id: str, between: Interval, *, fresh: bool = False) -> Sequence[BusyTime]:
        """Return when the calendar says busy; up to 30 seconds old unless it must be fresh."""
        ...

    async def is_writable(self, calendar_id: str) -> bool:
        """Whether we may enter events, and not only read them."""
        ...

    async def put(self, calendar_id: str, event: CalendarEvent) -> None:
        """Make the event be there as given; doing it twice is harmless.

        An event that was written for a later version of the appointment stays as it is; one that was deleted comes
        back only for a later version.
        """
        ...

    async def remove(self, calendar_id: str, event_id: str) -> None:
        """Make the event be gone; one that is gone already is no error."""
        ...

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Return an event of ours as the calendar has it now; None when this calendar never had it.

        One that was deleted says so: a calendar that was exchanged for another has deleted nothing.
        """
        ...

    async def changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return what has changed since the token of an earlier reading.

        Without a token, or with one that has grown too old, every event of ours counts as changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class LastSync:
    """How far a calendar was read."""

    token: str
    synced_at: datetime
    """When the reading began that the token ended."""


class SyncTokens(Protocol):
    """Where the reading of each calendar's changes goes on."""

    async def get(self, calendar_id: str) -> LastSync | None:
        """Return the last reading; None before the first one."""
        ...

    async def put(self, calendar_id: str, last: LastSync, *, tenant: str, replaces: str | None) -> bool:
        """Keep a reading, if the token it began with is still the one that is kept; False if another got in between."""
        ...


class Schedules(Protocol):
    """Commands that are to come later.

    Raises:
        TransientError: throttled or unreachable.
    """

    async def put(self, name: str, at: datetime, command: InternalBookingCommand, *, group: str) -> None:
        """Queue the command at an instant; a name that is there already stays as it is."""
        ...

    async def remove(self, name: str) -> None:
        """Forget a command; one that has come, or never was planned, is no error."""
        ...
