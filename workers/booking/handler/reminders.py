"""Plans a visit's reminders, takes them back, and judges each when its time has come."""

from datetime import datetime, timedelta

import structlog

from shared.errors import PermanentError, TransientError, described
from shared.ids import derived_id
from shared.messages.commands import (
    BookingPlanReminders,
    BookingPlanRemindersData,
    BookingRemind,
    BookingRemindData,
)
from shared.tenants.profile import TenantProfile
from workers.booking.domain.reminders import HOURS_BEFORE, is_unchanged_visit, is_worth_reminding, reminder_times
from workers.booking.domain.values import Appointment
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.notify import send_reminder

log = structlog.get_logger()

_RETRY_DELAY = timedelta(minutes=5)
"""Between two tries to plan reminders anew."""


async def plan_reminders(ports: BookingPorts, appointment: Appointment, profile: TenantProfile, now: datetime) -> None:
    """Plan what is still to come; those of an earlier time of the visit find out that it has moved.

    Trouble with schedules fails no visitor's command: the appointment stands. The reminders become a command of their
    own, which is tried again and, when that is in vain, waits at the desk. It has a line of its own too, so that the
    visitor's next wish does not wait behind it.

    Raises:
        TransientError, PermanentError: the queue does not take that command either.
    """
    try:
        await _plan(ports, appointment, profile, booked_at=now)
    except (TransientError, PermanentError) as error:
        log.warning("reminders_not_planned_yet", appointment_id=appointment.appointment_id, error=described(error))
        command = BookingPlanReminders(
            id=derived_id(appointment.appointment_id, f"plan_reminders/{appointment.last_change.command_id}"),
            tenant=appointment.tenant,
            session_id=appointment.session_id,
            accepted_at=now,
            locale=appointment.locale,
            data=BookingPlanRemindersData(appointment_id=appointment.appointment_id, start=appointment.start),
        )
        await ports.commands.put(command, group=derived_id(appointment.appointment_id, "plan_reminders"))


async def retry_planning(ports: BookingPorts, command: BookingPlanReminders) -> None:
    """Plan the reminders that could not be planned before, if the visit still stands as it did.

    Raises:
        TransientError: they can't be planned now either; nothing is in a hurry, so the next try is well after this one.
        PermanentError: as they are, they never can.
    """
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if not is_unchanged_visit(appointment, command.data.start):
        log.info("reminders_not_wanted", appointment_id=command.data.appointment_id)
        return
    profile = await ports.tenants.profile(command.tenant)
    try:
        await _plan(ports, appointment, profile, booked_at=command.accepted_at)
    except TransientError as error:
        raise TransientError(str(error), retry_after=_RETRY_DELAY, reason=error.reason) from error


async def _plan(ports: BookingPorts, appointment: Appointment, profile: TenantProfile, *, booked_at: datetime) -> None:
    """Plan each reminder, whatever becomes of another; a schedule names the visit, and says nothing of the visitor."""
    first_error: TransientError | PermanentError | None = None
    for hours, at in reminder_times(appointment.start, profile, booked_at=booked_at, now=ports.clock.now()):
        name = _schedule_name(appointment, hours)
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


async def delete_reminders(ports: BookingPorts, appointment: Appointment) -> None:
    """Take the reminders of the visit's time back; one that stays finds out for itself that it is not wanted."""
    for hours in HOURS_BEFORE:
        try:
            await ports.schedules.remove(_schedule_name(appointment, hours))
        except (TransientError, PermanentError) as error:
            log.warning(
                "reminder_not_dropped",
                appointment_id=appointment.appointment_id,
                hours_before=hours,
                error=described(error),
            )


async def send_due_reminder(ports: BookingPorts, command: BookingRemind) -> None:
    """Have the visitor reminded, if the visit still stands as it did."""
    wanted = command.data
    profile = await ports.tenants.profile(command.tenant)
    appointment = await ports.appointments.get(wanted.appointment_id, command.session_id)
    is_wanted = is_worth_reminding(
        appointment, start=wanted.start, hours_before=wanted.hours_before, now=ports.clock.now(), profile=profile
    )
    if appointment is None or not is_wanted:
        log.info("reminder_not_wanted", appointment_id=wanted.appointment_id, hours_before=wanted.hours_before)
        return
    await send_reminder(ports.notices, command, appointment, profile, wanted.hours_before)
    log.info("visit_reminded", appointment_id=wanted.appointment_id, hours_before=wanted.hours_before)


def _schedule_name(appointment: Appointment, hours_before: int) -> str:
    """Return the name of a schedule, and the id of its command: one for each time that a visit is moved to."""
    return derived_id(appointment.appointment_id, f"remind/{appointment.start.isoformat()}/{hours_before}")
