"""Use case: makes the calendar say what an appointment says, as a command of its own.

The command that changes a visit ends without the calendar: its visitor need not wait, and hears nothing of a calendar
that can't be used.
"""

from datetime import timedelta

import structlog

from shared.claims import Claim
from shared.errors import DependencyDownError, RateLimitedError, TransientError
from shared.ids import derive_id
from shared.messages.commands import BookingSettleEntry, BookingSettleEntryData, Envelope
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.plans import EnterVisit, EventPlan, RemoveVisit, SkipSync
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.calendar_event import list_outdated_calendars, write_to_calendars

log = structlog.get_logger()

_RETRY_DELAYS = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
"""The least delay after each attempt; the last one repeats. No visitor waits, and a calendar may fail for minutes."""


async def request_event_sync(ports: BookingPorts, command: Envelope, appointment: Appointment) -> None:
    """Queue the sync of a visit's event; a retry of the command that changed the visit queues the same again.

    The id contains the command and its replay. So the owner's edit of an event that was synced a minute ago is undone
    at once, although the appointment still has the same version, and SQS drops a repeated id for five minutes. All
    syncs of a visit have one message group: the last one finds the last version.

    Raises:
        TransientError, PermanentError: the queue refuses it; the command must not end.
    """
    sync = BookingSettleEntry(
        id=derive_id(appointment.appointment_id, f"settle_entry/{appointment.version}/{command.claim_key}"),
        tenant=appointment.tenant,
        session_id=appointment.session_id,
        accepted_at=command.accepted_at,
        locale=appointment.locale,
        data=BookingSettleEntryData(appointment_id=appointment.appointment_id, version=appointment.version),
    )
    await ports.commands.put(sync, group=appointment.appointment_id)


async def sync_event(ports: BookingPorts, command: BookingSettleEntry, claim: Claim) -> None:
    """Write or remove the event as the appointment is now, whatever its version was when this was queued.

    Another worker may have changed and synced the visit while this one was paused. So the appointment is read again
    afterwards: the last write leaves the calendars in the state of the appointment.

    Raises:
        RateLimitedError: no request to the calendar is left; the attempt does not count.
        TransientError: a calendar can't be reached; the retries come minutes apart.
        UnusableCalendarError: an operator or the owner has to repair the calendar, and then replays the command.
    """
    profile = await ports.tenants.get_profile(command.tenant)
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    while appointment is not None:
        try:
            await write_to_calendars(ports, appointment, profile)
        except (RateLimitedError, DependencyDownError):
            raise  # It is no attempt, and knows its wait.
        except TransientError as error:
            delay = _RETRY_DELAYS[min(claim.attempts, len(_RETRY_DELAYS)) - 1]
            raise TransientError(
                str(error), retry_after=max(delay, error.retry_after or delay), reason=error.reason
            ) from error
        version = appointment.version
        log.info("event_synced", appointment_id=appointment.appointment_id, appointment_version=version)
        appointment = await ports.appointments.get(appointment.appointment_id, command.session_id)
        if appointment is not None and appointment.version == version:
            return


async def plan_event_sync(ports: BookingPorts, command: BookingSettleEntry, profile: TenantProfile) -> EventPlan:
    """Return what a sync would do in the calendars now, for a forecast.

    Raises:
        TransientError, UnusableCalendarError: a calendar can't be read or written to, so the sync would fail.
    """
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if appointment is None or not await list_outdated_calendars(ports, appointment, profile):
        return SkipSync(appointment)
    return EnterVisit(appointment) if appointment.state is AppointmentState.CONFIRMED else RemoveVisit(appointment)
