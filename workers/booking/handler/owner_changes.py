"""Follows what the owner did to a visit's event: the appointment changes with it, or the event goes back."""

from dataclasses import replace

import structlog

from shared.errors import PermanentError
from shared.messages.commands import CalendarChanged
from shared.messages.server import ServerFrame
from shared.ports import Claim
from shared.tenants.grid import bucket_minutes
from shared.tenants.profile import TenantProfile
from workers.booking.domain.event_id import event_id
from workers.booking.domain.owner_changes import (
    CancelledByOwner,
    EnteredEvent,
    MovedByOwner,
    Refused,
    Unchanged,
    decide_owner_change,
)
from workers.booking.domain.quotas import day_quotas
from workers.booking.domain.values import Appointment, AppointmentState
from workers.booking.handler.alerts import MOVE_REFUSED, alert
from workers.booking.handler.calendar_entry import enter, entered_in, settle
from workers.booking.handler.frames import cancelled, rescheduled
from workers.booking.handler.notify import send_cancelled, send_rescheduled
from workers.booking.handler.remind import drop_reminders, plan_reminders
from workers.booking.handler.roles import Roles
from workers.booking.ports import TOO_MANY_BUCKETS, QuotaFull

log = structlog.get_logger()


async def follow_owner(roles: Roles, work: CalendarChanged, claim: Claim) -> ServerFrame | None:
    """Compare the visit with its event as it is now; return what the visitor hears, if there is anything to say.

    What the calendar said when the change was noticed does not count: since then the visitor may have moved or
    cancelled, and the owner may have thought again. The same command once more finishes what it began.
    """
    profile = await roles.tenants.profile(work.tenant)
    appointment = await roles.appointments.get(work.data.appointment_id, work.session_id)
    if appointment is None:
        return None
    if appointment.changed_by == work.id:
        changed: Appointment | None = appointment
        if appointment.state is AppointmentState.CANCELLED:
            # Frees what a crash may have left.
            await roles.appointments.free(appointment)
    else:
        changed = await _changed(roles, work, appointment, profile, claim)
    if changed is None:
        return None
    return await _told(roles, work, changed, profile)


async def _changed(
    roles: Roles, work: CalendarChanged, appointment: Appointment, profile: TenantProfile, claim: Claim
) -> Appointment | None:
    now = roles.clock.now()
    event = await roles.calendar.entered(entered_in(appointment, profile), event_id(appointment.appointment_id))
    if event and event.deleted and (found := await _taken_over(roles, appointment, profile)):
        return await _handed_over(roles, work, appointment, found, profile=profile, claim=claim)
    match decide_owner_change(appointment, event, now=now):
        case CancelledByOwner(next_one):
            gone = replace(next_one, changed_by=work.id)
            await roles.appointments.cancel(gone, claim=claim)
            log.info("appointment_cancelled_by_business", appointment_id=gone.appointment_id)
            return gone
        case MovedByOwner(next_one):
            wished = replace(next_one, changed_by=work.id, grid_minutes=bucket_minutes(profile))
            moved = await _take(roles, appointment, wished, profile, claim)
            if moved is None:
                await _put_back(roles, work, appointment, profile)
                return None
            log.info("appointment_moved_by_business", appointment_id=moved.appointment_id)
            await drop_reminders(roles, appointment)
            return moved
        case Refused():
            await _put_back(roles, work, appointment, profile)
    return None


async def _taken_over(
    roles: Roles, appointment: Appointment, profile: TenantProfile
) -> tuple[str, EnteredEvent] | None:
    """Return the calendar of a colleague that the owner has dragged the event into, and the event there."""
    for calendar_id in profile.calendars:
        if calendar_id == entered_in(appointment, profile):
            continue
        event = await roles.calendar.entered(calendar_id, event_id(appointment.appointment_id))
        if event and not event.deleted and event.version == appointment.version:
            return calendar_id, event
    return None


async def _handed_over(
    roles: Roles,
    work: CalendarChanged,
    appointment: Appointment,
    found: tuple[str, EnteredEvent],
    *,
    profile: TenantProfile,
    claim: Claim,
) -> Appointment | None:
    """Give the visit to the colleague; where she can't take it, it goes back to where it was, and somebody is told."""
    calendar_id, event = found
    if appointment.state is not AppointmentState.CONFIRMED or appointment.start <= roles.clock.now():
        return None
    match decide_owner_change(appointment, event, now=roles.clock.now()):
        case MovedByOwner(next_one):
            wished: Appointment | None = next_one
        case Unchanged():
            wished = replace(appointment, version=appointment.version + 1)
        case _:
            wished = None
    lanes = [lane for lane in sorted(profile.all_lanes) if profile.calendar_of(lane) == calendar_id]
    for lane in lanes if wished else ():
        there = replace(
            wished or appointment,
            resource=lane,
            changed_by=work.id,
            calendars=(*(one for one in appointment.calendars if one != calendar_id), calendar_id),
        )
        if await roles.appointments.move(appointment, there, at=roles.clock.now(), claim=claim) is None:
            log.info("appointment_handed_over", appointment_id=appointment.appointment_id)
            return there
    await roles.calendar.remove(calendar_id, event_id(appointment.appointment_id))
    await _put_back(roles, work, appointment, profile)
    return None


async def _take(
    roles: Roles, old: Appointment, wished: Appointment, profile: TenantProfile, claim: Claim
) -> Appointment | None:
    """Take the new time, with the same resource where that is free, else with one that has the same calendar.

    A daily cap is the owner's own, and the owner may go beyond it; one place under it that is free is taken.
    """
    now = roles.clock.now()
    service = profile.service(old.service_id)
    for lane in _lanes(old, profile):
        there = replace(wished, resource=lane)
        quotas = tuple(day_quotas(profile, service, there)) if service else ()
        try:
            lost = await roles.appointments.move(old, there, at=now, claim=claim, quotas=quotas)
            if isinstance(lost, QuotaFull):
                lost = await roles.appointments.move(old, there, at=now, claim=claim)
        except PermanentError as error:
            if error.reason != TOO_MANY_BUCKETS:
                raise
            return None
        if lost is None:
            return there
    return None


def _lanes(appointment: Appointment, profile: TenantProfile) -> list[str]:
    service = profile.service(appointment.service_id)
    able = profile.lanes_of(service) if service else ()
    calendar_id = profile.calendar_of(appointment.resource)
    others = [lane for lane in able if lane != appointment.resource and profile.calendar_of(lane) == calendar_id]
    return [appointment.resource, *others]


async def _put_back(roles: Roles, work: CalendarChanged, appointment: Appointment, profile: TenantProfile) -> None:
    """Make the event say again what the record says; somebody is told first, so that a crash leaves a reason to."""
    log.info("calendar_move_refused", appointment_id=appointment.appointment_id)
    await alert(roles, tenant=work.tenant, session_id=work.session_id, reason=MOVE_REFUSED)
    await enter(roles, appointment, profile)


async def _told(roles: Roles, work: CalendarChanged, changed: Appointment, profile: TenantProfile) -> ServerFrame:
    now = roles.clock.now()
    if changed.state is AppointmentState.CANCELLED:
        await send_cancelled(roles.notices, work, changed, profile, now, by="business")
        await drop_reminders(roles, changed)
        return cancelled(work, changed, profile.zone, by="business")
    await send_rescheduled(roles.notices, work, changed, profile, now, by="business")
    await plan_reminders(roles, changed, profile, now)
    # The event is where the owner put it; this makes it say the new version.
    await settle(roles, changed, profile)
    return rescheduled(work, changed, profile, now, by="business")
