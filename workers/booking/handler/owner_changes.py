"""Use case: applies what the owner changed in a visit's event to the appointment, or restores the event."""

from dataclasses import replace

import structlog

from shared.claims import Claim
from shared.messages.commands import CalendarChanged
from shared.messages.server import ServerFrame
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.booking.domain.joint_moves import WantedMove
from workers.booking.domain.owner_changes import (
    CancelledByOwner,
    ForbiddenMove,
    ForbiddenRestore,
    OutdatedEvent,
    RestoredAfterCancellation,
    RestoredByOwner,
    Unchanged,
)
from workers.booking.domain.plans import AlreadyDone, FollowOwner, OwnerChangePlan, SkipSync
from workers.booking.domain.values import Appointment, AppointmentState, ChangeKind, LastChange
from workers.booking.handler.alerts import alert_operator
from workers.booking.handler.calendar_event import find_current_calendar
from workers.booking.handler.event_sync import request_event_sync
from workers.booking.handler.frames import build_cancelled, build_confirmed, build_rescheduled
from workers.booking.handler.owner_events import find_owner_change, increment_version
from workers.booking.handler.owner_moves import (
    move_visits,
    reinstate_visit,
    request_other_notifications,
    wait_for_other_moves,
)
from workers.booking.handler.queue_notices import send_cancelled, send_confirmed, send_rescheduled
from workers.booking.handler.reminders import delete_reminders, plan_reminders
from workers.booking.ports import GridTooFine

log = structlog.get_logger()


async def follow_owner_change(ports: BookingPorts, command: CalendarChanged, claim: Claim) -> ServerFrame | None:
    """Compare the visit with its current event; return the frame for the visitor, or None if nothing changed.

    The event's state at the time of detection does not count: the visitor or the owner may have changed it since. A
    repeat of the same command finishes what it began.
    """
    profile = await ports.tenants.get_profile(command.tenant)
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if appointment is None:
        return None
    if appointment.is_changed_by(command.id):
        changed: Appointment | None = appointment
        if appointment.state is AppointmentState.CANCELLED:
            # Free what a crash may have left behind.
            await ports.appointments.free(appointment)
    else:
        changed = await _apply_owner_change(ports, command, appointment, profile, claim)
    if changed is None:
        return None
    await request_other_notifications(ports, command, changed)
    return await _notify_visitor(ports, command, changed, profile)


async def plan_owner_change(ports: BookingPorts, command: CalendarChanged, profile: TenantProfile) -> OwnerChangePlan:
    """Return what the comparison would do now, for a forecast.

    Raises:
        TransientError, UnusableCalendarError: a calendar can't be read, so the comparison would fail.
    """
    appointment = await ports.appointments.get(command.data.appointment_id, command.session_id)
    if appointment is None:
        return SkipSync(None)
    if appointment.is_changed_by(command.id):
        return AlreadyDone(appointment)
    change = await find_owner_change(ports, appointment, profile)
    is_unchanged = isinstance(change, Unchanged | OutdatedEvent | RestoredAfterCancellation)
    return SkipSync(appointment) if is_unchanged else FollowOwner(appointment)


async def _apply_owner_change(
    ports: BookingPorts, command: CalendarChanged, appointment: Appointment, profile: TenantProfile, claim: Claim
) -> Appointment | None:
    if (appointment.last_change.command_id, appointment.last_change.kind) == (command.id, ChangeKind.HANDOVER_REFUSED):
        # A handover was refused before this command was interrupted.
        await request_event_sync(ports, command, appointment)
        return None
    match await find_owner_change(ports, appointment, profile):
        case CancelledByOwner(changed_visit):
            cancelled = replace(changed_visit, last_change=LastChange(command.id, by_owner=True, at=ports.clock.now()))
            await ports.appointments.cancel(cancelled, claim=claim)
            log.info("appointment_cancelled_by_business", appointment_id=cancelled.appointment_id)
            return cancelled
        case WantedMove() as wanted:
            return await _follow_move(ports, command, wanted, profile, claim)
        case OutdatedEvent():
            await request_event_sync(ports, command, appointment)
        case ForbiddenMove(other_calendar=other_calendar):
            await _refuse_move(ports, command, appointment, profile, claim, other_calendar=other_calendar)
        case RestoredByOwner(restored):
            if reinstated := await reinstate_visit(ports, command, appointment, restored, profile=profile, claim=claim):
                return reinstated
            await _alert_about_move(ports, command)
        case ForbiddenRestore():
            await _alert_about_move(ports, command)
        case RestoredAfterCancellation():
            await _alert_about_restored_event(ports, command, appointment, profile)
    return None


async def _follow_move(
    ports: BookingPorts, command: CalendarChanged, wanted: WantedMove, profile: TenantProfile, claim: Claim
) -> Appointment | None:
    moved = await move_visits(ports, command, wanted, profile, claim)
    if isinstance(moved, Appointment):
        return moved
    if isinstance(moved, GridTooFine):
        log.info("calendar_move_too_long", appointment_id=wanted.old.appointment_id)
    elif await wait_for_other_moves(ports, command, wanted):
        return None
    await _refuse_move(ports, command, wanted.old, profile, claim, other_calendar=wanted.other_calendar)
    return None


async def _refuse_move(
    ports: BookingPorts,
    command: CalendarChanged,
    appointment: Appointment,
    profile: TenantProfile,
    claim: Claim,
    *,
    other_calendar: str | None,
) -> None:
    """Alert the operators and restore the event; `other_calendar` is where the owner has moved the event to.

    The visit gets a new version: a comparison that still waits for the refused move belongs to the old one. So if the
    owner repeats the move, it waits for its counterpart as long as the first did.
    """
    log.info("calendar_move_refused", appointment_id=appointment.appointment_id)
    # First, because after the next step an interrupted command finds no move any more.
    await _alert_about_move(ports, command)
    # As if the owner had not moved it last: otherwise the event would keep its times when it gets the new version.
    refused = replace(increment_version(appointment), last_change=replace(appointment.last_change, by_owner=False))
    if other_calendar is not None:
        own = find_current_calendar(appointment, profile)
        earlier = (one for one in appointment.calendars if one not in {other_calendar, own})
        # A deleted event is only restored for a later version. The other calendar is one of the earlier ones, so the
        # sync removes the event from it.
        refused = replace(
            refused,
            calendars=(*earlier, other_calendar, own),
            # Nobody is notified of a move, and for the visitor the visit is as their last change left it.
            last_change=LastChange(command.id, ChangeKind.HANDOVER_REFUSED, at=appointment.last_change.at),
        )
    await ports.appointments.save(refused, claim=claim)
    await request_event_sync(ports, command, refused)


async def _alert_about_move(ports: BookingPorts, command: CalendarChanged) -> None:
    await alert_operator(
        ports, tenant=command.tenant, session_id=command.session_id, problem=CalendarProblem.MOVE_REFUSED
    )


async def _alert_about_restored_event(
    ports: BookingPorts, command: CalendarChanged, appointment: Appointment, profile: TenantProfile
) -> None:
    """Alert the operators once: the event is reported with each later change, and each time all events are read."""
    log.info("cancelled_visit_restored", appointment_id=appointment.appointment_id)
    start = appointment.start.astimezone(profile.zone)
    await alert_operator(
        ports,
        tenant=command.tenant,
        session_id=command.session_id,
        problem=CalendarProblem.VISIT_RESTORED,
        occasion=f"{appointment.appointment_id}/{appointment.version}",
        detail=f"The visit was to start on {start:%Y-%m-%d} at {start:%H:%M}.",
    )


async def _notify_visitor(
    ports: BookingPorts, command: CalendarChanged, changed: Appointment, profile: TenantProfile
) -> ServerFrame:
    now, previous_start = ports.clock.now(), changed.last_change.previous_start
    if changed.state is AppointmentState.CANCELLED:
        await send_cancelled(ports.notices, command, changed, profile, now, by="business")
        await delete_reminders(ports, changed, profile)
        return build_cancelled(command, changed, profile.zone, by="business")
    # Every move records where the visit was.
    is_reinstated = changed.last_change.by_owner and previous_start is None
    if is_reinstated:
        await send_confirmed(ports.notices, command, changed, profile, now, reinstates=True)
    else:
        await send_rescheduled(
            ports.notices, command, changed, profile, now, by="business", previous_start=previous_start
        )
    await plan_reminders(ports, changed, profile, now)
    # The event has the owner's time already, but not the new version.
    await request_event_sync(ports, command, changed)
    if is_reinstated:
        return build_confirmed(command, changed, profile, now)
    return build_rescheduled(command, changed, profile, now, by="business")
