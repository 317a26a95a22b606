"""The roles that only booking needs filled: where appointments are kept, and the business's calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.ports import Claim
from workers.booking.domain.values import Appointment, Interval


@dataclass(frozen=True, slots=True)
class SlotLost:
    """Part of the time is somebody's: the appointment that has it, if it is of the same session."""

    own_appointment_id: str | None = None


class AppointmentStore(Protocol):
    """Appointments, and the buckets of time that each of them owns.

    Every write is one transaction that also checks that the command is still ours.

    Raises:
        TransientError: a conflict with another write; nothing was written, try again.
        LeaseLostError: the command is another worker's; nothing was written.
    """

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment; another session's is as good as none."""
        ...

    async def hold(
        self, appointment: Appointment, *, at: datetime, claim: Claim, replaces: Appointment | None = None
    ) -> SlotLost | None:
        """Take every bucket and write the appointment; a hold that had run out at `at` counts as free.

        `replaces` is the session's older hold, already cancelled: its buckets go over in the same step.
        """
        ...

    async def save(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write a change that touches no bucket; the version before it must still stand."""
        ...

    async def confirm(self, appointment: Appointment, *, claim: Claim) -> SlotLost | None:
        """Write the confirmed appointment and keep its buckets for good; each must still be its own."""
        ...

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment, then free those buckets that are its own."""
        ...

    async def free(self, appointment: Appointment) -> None:
        """Free those buckets that are still the appointment's own."""
        ...

    async def move(self, old: Appointment, new: Appointment, *, at: datetime, claim: Claim) -> SlotLost | None:
        """Take the buckets that only the new time needs, free those that only the old one had."""
        ...

    async def taken(self, tenant: str, between: Interval, *, at: datetime) -> Sequence[Interval]:
        """Return what is held or confirmed at `at`, buffers included."""
        ...


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """What the business sees in its calendar."""

    event_id: str
    """Chosen by us, so that a second try finds its own event."""

    appointment_id: str
    start: datetime
    end: datetime
    time_zone: str
    summary: str
    description: str


class Calendar(Protocol):
    """The business's calendar.

    Raises:
        TransientError: rate limits, time-outs, trouble on the other side.
        PermanentError: `calendar_access_revoked`, `calendar_forbidden`, `calendar_unknown`.
    """

    async def busy(self, calendar_id: str, between: Interval, *, fresh: bool = False) -> Sequence[Interval]:
        """Return when the calendar says busy; up to 30 seconds old unless it must be fresh."""
        ...

    async def put(self, calendar_id: str, event: CalendarEvent) -> None:
        """Make the event be there as given; doing it twice is harmless."""
        ...

    async def remove(self, calendar_id: str, event_id: str) -> None:
        """Make the event be gone; one that is gone already is no error."""
        ...
