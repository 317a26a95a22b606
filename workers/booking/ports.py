"""The ports of booking only: appointment store, calendar, sync tokens, schedules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from shared.claims import Claim
from shared.messages.commands import InternalBookingCommand
from shared.messages.server import Challenge
from workers.booking.domain.owner_changes import StoredEvent
from workers.booking.domain.quotas import Bound, Quota
from workers.booking.domain.request_budget import Lease
from workers.booking.domain.values import Appointment, Interval, OccupiedTime


@dataclass(frozen=True, slots=True)
class SlotLost:
    """Another appointment owns a part of the time."""


@dataclass(frozen=True, slots=True)
class QuotaFull:
    """All units of a quota are in use."""

    bound: Bound
    frees_at: datetime | None
    """When the first unit expires; None if at least one is permanent."""
    has_room_with_proof: bool = False
    """Whether a holder with a proof of work would get a unit of this quota, and of all others."""
    rivals: frozenset[str] = frozenset()
    """The other appointments that hold the time, or are about to: their units are taken before the time is."""


@dataclass(frozen=True, slots=True)
class GridTooFine:
    """The day's buckets are so small that the change needs more than one transaction can write, in any lane."""


Lost = SlotLost | QuotaFull | GridTooFine


@dataclass(frozen=True, slots=True)
class ConfirmedAt:
    """When a hold is confirmed, so that it counts among the visits of that day."""

    at: datetime
    day: date
    """Where the business is."""


class Challenges(Protocol):
    """Demands a proof of work from visitors who want what others hold much of."""

    def issue(self, command_id: str, *, at: datetime) -> Challenge:
        """Return a challenge that only this command can use, until `CHALLENGE_LIFETIME` after `at`."""
        ...

    def is_proof(self, proof: str, command_id: str, *, at: datetime) -> bool:
        """Return whether the text proves the work for this command, as of `at`; any text may come."""
        ...


class AppointmentStore(Protocol):
    """Stores appointments, the buckets of time that they own, and the quota units that they use.

    Every write is one transaction that also checks the command's claim; only a new hold takes quota units before it.

    Raises:
        TransientError: a conflict with another write; no appointment was written, a retry may succeed.
        LeaseLostError: another worker has the command's claim; no appointment was written.
    """

    async def get(self, appointment_id: str, session_id: str) -> Appointment | None:
        """Return a session's appointment; None for one of another session."""
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
        stale_holder: str | None = None,
    ) -> Lost | None:
        """Take every bucket and a unit of each quota, and write the appointment.

        What has expired at `at` counts as free. `replaces` is the session's older hold, in its cancelled version: its
        buckets and units are transferred in the same transaction. `stale_holder` is an appointment that is no longer a
        hold: units of hold quotas that are still in its name count as free.
        """
        ...

    async def find_full_quota(
        self,
        quotas: Sequence[Quota],
        *,
        at: datetime,
        replaces: Appointment | None = None,
        stale_holder: str | None = None,
    ) -> QuotaFull | None:
        """Return a quota that has no unit for its holder, as `hold` would find it; nothing is taken."""
        ...

    async def save(
        self, appointment: Appointment, *, claim: Claim, at: datetime | None = None, quotas: Sequence[Quota] = ()
    ) -> QuotaFull | None:
        """Write a change that affects no bucket; the previous version must still be stored.

        Units of `quotas`, as of `at`, are taken in the same transaction and are not written into the appointment.
        """
        ...

    async def confirm(
        self,
        appointment: Appointment,
        *,
        claim: Claim,
        confirmed_at: ConfirmedAt | None = None,
        quotas: Sequence[Quota] = (),
    ) -> SlotLost | QuotaFull | None:
        """Write the confirmed appointment and keep its buckets permanently; it must still own each of them.

        It keeps its lasting quota units and takes those of `quotas`; those of hold quotas are freed. With
        `confirmed_at` it counts among the visits that were confirmed on that day, once, however often it is written.
        """
        ...

    async def cancel(self, appointment: Appointment, *, claim: Claim) -> None:
        """Write the cancelled appointment, then free the buckets and units that it still owns."""
        ...

    async def free(self, appointment: Appointment) -> None:
        """Free the buckets and units that the appointment still owns."""
        ...

    async def move(
        self,
        old: Appointment,
        new: Appointment,
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
        confirmed_at: ConfirmedAt | None = None,
    ) -> Lost | None:
        """Take the buckets that only the new time needs, and free those that only the old time needed.

        `quotas` are the new day's: their units replace the old lasting ones. A confirmed appointment keeps the others.
        `confirmed_at` is for a hold that is confirmed at another time or in another lane.
        """
        ...

    async def move_together(
        self,
        moves: Sequence[tuple[Appointment, Appointment]],
        *,
        at: datetime,
        claim: Claim,
        quotas: Sequence[Quota] = (),
    ) -> Lost | None:
        """Move confirmed visits, each given as it is and as it will be; one may take the time that another leaves.

        A hold of another visitor loses the time that a visit needs: confirming it then returns `SlotLost`. `quotas`
        are those of the new days: their units replace the old lasting ones.
        """
        ...

    async def find_occupied_times(
        self, tenant: str, between: Interval, *, at: datetime, may_lag: bool = False
    ) -> Sequence[OccupiedTime]:
        """Return the times of holds and confirmed appointments at `at`, buffers included, possibly in pieces.

        A visit that reaches into the interval is returned whole, and so are all of the UTC days that it touches; others
        of the days around it may be returned as well.
        With `may_lag`, which costs half, changes of the last second may be missing.
        """
        ...

    async def find_day_grids(self, tenant: str, between: Interval) -> Mapping[date, int]:
        """Return the size in minutes of the buckets of each UTC day that has some, after its occupied times were read.

        The first booking of a day fixes it, whatever the profile says later.
        """
        ...

    async def find_quota_holders(self, keys: Sequence[str], *, at: datetime) -> Mapping[str, Sequence[str]]:
        """Return the holders of each quota key's units at `at`."""
        ...


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """An event for the business's calendar."""

    event_id: str
    """Derived from the appointment, so that a retry finds its own event."""

    appointment_id: str
    version: int
    """The appointment's version: an older one never overwrites a newer one."""
    start: datetime
    end: datetime
    time_zone: str
    summary: str
    description: str
    keeps_times: bool = False
    """Whether an event of an earlier version keeps its times: they are the owner's, who may have changed them again."""
    attendee: str | None = None
    """The visitor's e-mail address; invited only if the account may invite (it has a delegated subject)."""


@dataclass(frozen=True, slots=True)
class BusyTime:
    """A time that the calendar shows as busy."""

    interval: Interval
    appointment_id: str | None = None
    """The appointment's id, if the event is one of ours."""

    version: int = 0
    """The version of the appointment that the event was written for, or 0 if the event does not contain it."""

    series_of: str | None = None
    """The appointment's id, if the owner has made its event recurring and this is one of the instances: the one at the
    visit's own time is the visit, the others are the owner's."""


@dataclass(frozen=True, slots=True)
class CalendarChanges:
    """The appointments whose events were changed or deleted since the last sync, and the token for the next sync."""

    appointment_ids: Sequence[str]
    next_token: str
    deleted_ids: frozenset[str] = frozenset()
    """Those whose events are deleted now."""


class BusyCalendar(Protocol):
    """A calendar that is only read: its events make time busy.

    Raises:
        TransientError: rate limits, timeouts, server errors.
        UnusableCalendarError: a permanent problem; an operator or the owner must act.
    """

    async def find_busy_times(
        self,
        calendar_id: str,
        between: Interval,
        *,
        zone: ZoneInfo | None = None,
        fresh: bool = False,
        busy_may_lag: bool = False,
    ) -> Sequence[BusyTime]:
        """Return the busy times, which may be 30 seconds old unless they must be fresh.

        With `busy_may_lag` a fresh answer may be that old, too, if the owner is busy then: nothing is booked because of
        it.

        All-day events begin and end at midnight in `zone`; without one, in the calendar's own zone, or else in UTC.
        """
        ...


class Calendar(BusyCalendar, Protocol):
    """The calendar that visits are written to, and whose owner may move and delete them."""

    async def is_writable(self, calendar_id: str) -> bool:
        """Return whether we may write events, and not only read them."""
        ...

    async def put(self, calendar_id: str, event: CalendarEvent, *, earlier: Sequence[str] = ()) -> None:
        """Create or update the event; repeating it is harmless.

        An event that is created or restored gets what its owner wrote in the `earlier` calendar that still has it, the
        last of these first.

        An event that was written for a later version of the appointment stays as it is; a deleted one is restored only
        for a later version. Its times are left as they are if `keeps_times` says so and it is of an earlier version.
        """
        ...

    async def remove(self, calendar_id: str, event_id: str, *, cancelled_version: int | None = None) -> None:
        """Delete the event; a missing event is no error.

        With the version of the cancelled appointment, the event has it from then on: if it is there again, its owner
        has restored it, and it is not deleted another time.
        """
        ...

    async def find_event(self, calendar_id: str, event_id: str) -> StoredEvent | None:
        """Return the current state of one of our events; None if this calendar never had it.

        A deleted event is returned as such, so that an event that the calendar never had does not look deleted.
        """
        ...

    async def list_changes(self, calendar_id: str, since: str | None) -> CalendarChanges:
        """Return what has changed since the token of an earlier sync.

        Without a token, or with an expired one, all our events count as changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecalledTimes:
    """Busy times as a calendar gave them some time ago."""

    times: Sequence[BusyTime]
    read_at: datetime


class CalendarMemory(Protocol):
    """Remembers what calendars said last, for the time in which they can't be read."""

    def recall(self, calendar_id: str, between: Interval, zone: ZoneInfo | None) -> RecalledTimes | None:
        """Return the busy times of an interval; None if they are not known, or known for too long."""
        ...


@dataclass(frozen=True, slots=True)
class LastSync:
    """The last sync of a calendar."""

    token: str
    synced_at: datetime
    """When the sync that returned the token began."""


class SyncTokens(Protocol):
    """Stores the sync token of each calendar."""

    async def get(self, calendar_id: str) -> LastSync | None:
        """Return the last sync; None before the first one."""
        ...

    async def put(self, calendar_id: str, last: LastSync, *, tenant: str, replaces: str | None) -> bool:
        """Store a sync if the token that it began with is still stored; return whether it was."""
        ...


class RequestLeases(Protocol):
    """Counts the requests to Google that all processes have leased, in windows of time.

    Raises:
        TransientError, PermanentError: it can't be counted.
    """

    async def lease(self, lease: Lease) -> bool:
        """Lease the requests, or none; return whether the window, and the holder's share of it, had room."""
        ...

    async def close_window(self, window: int) -> None:
        """Let nobody lease any more in a window."""
        ...


class Codes(Protocol):
    """What has become of the notices with codes."""

    async def find_end(self, key: str) -> Literal["open", "carried_out", "given_up"]:
        """Return it: `open` while it may still be sent.

        Raises:
            TransientError: nobody knows.
        """
        ...


class Schedules(Protocol):
    """Schedules internal commands.

    Raises:
        TransientError: throttled or unreachable.
    """

    async def put(self, name: str, at: datetime, command: InternalBookingCommand, *, group: str) -> None:
        """Queue the command at an instant; an existing schedule of that name stays as it is."""
        ...

    async def remove(self, name: str) -> None:
        """Delete a schedule; a missing one is no error."""
        ...
