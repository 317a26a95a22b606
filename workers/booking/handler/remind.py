"""Plans a visit's reminders, takes them back, and judges each when its time has come."""

from datetime import datetime

import structlog

from shared.errors import PermanentError, TransientError, described
from shared.ids import derived_id
from shared.messages.commands import BookingRemind, BookingRemindData
from shared.tenants.profile import TenantProfile
from workers.booking.domain.reminders import HOURS_BEFORE, is_worth_reminding, reminder_times
from workers.booking.domain.values import Appointment
from workers.booking.handler.notify import send_reminder
from workers.booking.handler.roles import Roles

log = structlog.get_logger()


async def plan_reminders(roles: Roles, appointment: Appointment, profile: TenantProfile, now: datetime) -> None:
    """Plan what is still to come; those of an earlier time of the visit find out that it has moved.

    A schedule says whose visit it is, and nothing of the visitor. Trouble with it never fails the command: the
    appointment stands, reminded of or not.
    """
    for hours, at in reminder_times(appointment.start, now, profile):
        name = _name(appointment, hours)
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
            await roles.schedules.put(name, at, command, group=appointment.session_id)
        except (TransientError, PermanentError) as error:
            log.error(  # noqa: TRY400 - the text says it all
                "reminder_not_planned",
                appointment_id=appointment.appointment_id,
                hours_before=hours,
                error=described(error),
            )


async def drop_reminders(roles: Roles, appointment: Appointment) -> None:
    """Take the reminders of the visit's time back; one that stays finds out for itself that it is not wanted."""
    for hours in HOURS_BEFORE:
        try:
            await roles.schedules.remove(_name(appointment, hours))
        except (TransientError, PermanentError) as error:
            log.warning(
                "reminder_not_dropped",
                appointment_id=appointment.appointment_id,
                hours_before=hours,
                error=described(error),
            )


async def remind(roles: Roles, work: BookingRemind) -> None:
    """Have the visitor reminded, if the visit still stands as it did."""
    wanted = work.data
    profile = await roles.tenants.profile(work.tenant)
    appointment = await roles.appointments.get(wanted.appointment_id, work.session_id)
    is_wanted = is_worth_reminding(
        appointment, start=wanted.start, hours_before=wanted.hours_before, now=roles.clock.now(), profile=profile
    )
    if appointment is None or not is_wanted:
        log.info("reminder_not_wanted", appointment_id=wanted.appointment_id, hours_before=wanted.hours_before)
        return
    await send_reminder(roles.notices, work, appointment, profile, wanted.hours_before)
    log.info("visit_reminded", appointment_id=wanted.appointment_id, hours_before=wanted.hours_before)


def _name(appointment: Appointment, hours_before: int) -> str:
    """Return the name of a schedule, and the id of its command: one for each time that a visit is moved to."""
    return derived_id(appointment.appointment_id, f"remind/{appointment.start.isoformat()}/{hours_before}")
