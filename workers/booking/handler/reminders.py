"""Plans and deletes a visit's reminders, and sends each when it is due."""

from datetime import datetime, timedelta

import structlog

from shared.errors import PermanentError, TransientError, describe_error
from shared.ids import derive_id
from shared.messages.commands import (
    BookingPlanReminders,
    BookingPlanRemindersData,
    BookingRemind,
    BookingRemindData,
)
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.plans import Remind, ReminderPlan, SkipReminder
from workers.booking.domain.reminders import is_unchanged_visit, is_worth_reminding, list_reminder_times
from workers.booking.domain.values import Appointment
from workers.booking.handler.queue_notices import send_reminder

log = structlog.get_logger()

_RETRY_DELAY = timedelta(minutes=5)
"""The delay between two attempts to plan reminders."""


async def plan_reminders(ports: BookingPorts, appointment: Appointment, profile: TenantProfile, now: datetime) -> None:
    """Schedule the visit's reminders; obsolete ones for an earlier time do nothing when they are due.

    A failure of the scheduler does not fail the visitor's command, because the appointment is stored. The planning
    becomes an internal command, which is retried and finally dead-lettered. It has its own message group, so that the
    visitor's next command does not wait behind it.

    Raises:
        TransientError, PermanentError: the queue refuses that command, too.
    """
    try:
        await _schedule_reminders(ports, appointment, profile, booked_at=now)
    except (TransientError, PermanentError) as error:
        log.warning("reminders_not_planned", appointment_id=appointment.appointment_id, error=describe_error(error))
        command = BookingPlanReminders(
            id=derive_id(appointment.appointment_id, f"plan_reminders/{appointment.last_change.command_id}"),
            tenant=appointment.tenant,
            session_id=appointment.session_id,
            accepted_at=now,
            locale=appointment.locale,
            data=BookingPlanRemindersData(appointment_id=appointment.appointment_id, start=appointment.start),
        )
        await ports.commands.put(command, group=derive_id(appointment.appointment_id, "plan_reminders"))


async def retry_planning(ports: BookingPorts, command: BookingPlanReminders) -> None:
    """Schedule the reminders that could not be scheduled before, if the visit is unchanged.

    Raises:
        TransientError: the scheduler still fails; there is no hurry, so the retry comes minutes later.
        PermanentError: the scheduler refuses them permanently.
    """
    profile = await ports.tenants.get_profile(command.tenant)
    match await plan_reminder(ports, command, profile):
        case SkipReminder():
            log.info("reminders_obsolete", appointment_id=command.data.appointment_id)
        case Remind(appointment):
            try:
                await _schedule_reminders(ports, appointment, profile, booked_at=command.accepted_at)
            except TransientError as error:
                raise TransientError(str(error), retry_after=_RETRY_DELAY, reason=error.reason) from error


async def _schedule_reminders(
    ports: BookingPorts, appointment: Appointment, profile: TenantProfile, *, booked_at: datetime
) -> None:
    """Schedule each reminder, even if another fails; a schedule contains the visit's id and no data of the visitor."""
    first_error: TransientError | PermanentError | None = None
    for hours, at in list_reminder_times(appointment.start, profile, booked_at=booked_at, now=ports.clock.now()):
        name = _format_schedule_name(appointment, hours)
        command = BookingRemind(
            id=name,
            tenant=appointment.tenant,
            session_id=appointment.session_id,
            accepted_at=at,
            locale=appointment.locale,
            data=BookingRemindData(
                appointment_id=appointment.appointment_id, start=appointment.start, hours_before=hours
            ),
        )
        try:
            await ports.schedules.put(name, at, command, group=appointment.session_id)
        except (TransientError, PermanentError) as error:
            first_error = first_error or error
    if first_error:
        raise first_error


async def delete_reminders(ports: BookingPorts, appointment: Appointment, profile: TenantProfile) -> None:
    """Delete the reminders of the visit's time; one that can't be deleted does nothing when it is due."""
    for hours in profile.reminder_hours_before:
        try:
            await ports.schedules.remove(_format_schedule_name(appointment, hours))
        except (TransientError, PermanentError) as error:
            log.warning(
                "reminder_not_deleted",
                appointment_id=appointment.appointment_id,
                hours_before=hours,
                error=describe_error(error),
            )


async def send_due_reminder(ports: BookingPorts, command: BookingRemind) -> None:
    """Queue the reminder if the visit is unchanged."""
    hours = command.data.hours_before
    profile = await ports.tenants.get_profile(command.tenant)
    match await plan_reminder(ports, command, profile):
        case SkipReminder():
            log.info("reminder_obsolete", appointment_id=command.data.appointment_id, hours_before=hours)
        case Remind(appointment):
            await send_reminder(ports.notices, command, appointment, profile, hours)
            log.info("visit_reminded", appointment_id=appointment.appointment_id, hours_before=hours)


async def plan_reminder(
    ports: BookingPorts, command: BookingRemind | BookingPlanReminders, profile: TenantProfile
) -> ReminderPlan:
    """Decide whether a reminder, or the planning of reminders, is still useful."""
    start, now = command.data.start, ports.clock.now()
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if isinstance(command, BookingRemind):
        hours = command.data.hours_before
        is_useful = is_worth_reminding(appointment, start=start, hours_before=hours, now=now, profile=profile)
    else:
        remaining = list_reminder_times(start, profile, booked_at=command.accepted_at, now=now)
        is_useful = is_unchanged_visit(appointment, start) and any(remaining)
    return Remind(appointment) if appointment and is_useful else SkipReminder(start, appointment)


def _format_schedule_name(appointment: Appointment, hours_before: int) -> str:
    """Return the name of a schedule, which is also its command's id; each time of the visit has its own."""
    return derive_id(appointment.appointment_id, f"remind/{appointment.start.isoformat()}/{hours_before}")
